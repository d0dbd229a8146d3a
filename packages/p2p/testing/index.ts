export * from './blocks.ts'
export * from './config.ts'
