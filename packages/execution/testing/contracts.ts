export * from './databaseContract.ts'
export * from './engineApiContract.ts'
export * from './ethRpcContract.ts'
