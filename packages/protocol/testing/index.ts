export * from './batches.ts'
export * from './configs.ts'
export * from './fixtures.ts'
export * from './payloads.ts'
