export * from './blocks.ts'
export * from './config.ts'
export * from './messages.ts'
