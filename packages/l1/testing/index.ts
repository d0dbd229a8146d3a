export * from './anvil.ts'
export * from './contract.ts'
export * from './scriptedRpc.ts'
