export type * from './blockHeader.ts'
export type { DaLimits } from './builder/daLimits.ts'
export type { BuilderOptions } from './builder/payloadBuilder.ts'
export type { Chain, HeadListener } from './chain/chain.ts'
export { ChainError } from './chain/chainError.ts'
export { ChainStore, type HeadLabels, type HeadMove, type StoredBlock, type TxLocation } from './chain/chainStore.ts'
export { type Database, type DatabaseWriter, TABLES, type Table } from './chain/database.ts'
export { createMemoryDatabase } from './chain/memoryDatabase.ts'
export type { StoredReceipt } from './chain/storedReceipt.ts'
export {
  type BuiltPayload,
  createExecutionEngine,
  type ExecutionEngine,
  type ExecutionEngineOptions,
} from './engine/executionEngine.ts'
export type * from './evm/tracer.ts'
export { fastLzSize } from './fees/fastLz.ts'
export {
  calldataGas,
  daFootprint,
  estimatedSizeScaled,
  type L1FeeParams,
  l1Fee,
  l1GasUsed,
  operatorFee,
  readL1FeeParams,
} from './fees/l1Cost.ts'
export { type ChainSpec, chainSpecFromGenesis } from './genesis/chainSpec.ts'
export { type GenesisBlock, genesisBlock } from './genesis/genesisBlock.ts'
export { GenesisError } from './genesis/genesisError.ts'
export type * from './genesis/genesisJson.ts'
export { PoolError, type PoolErrorCode } from './pool/poolError.ts'
export type { PoolOptions, TxPool } from './pool/txPool.ts'
export { forgetSenders } from './senders/rememberedSenders.ts'
export * from './state/nodeStore.ts'
export { createStateCache, type StateCache } from './state/stateCache.ts'
export { StateError } from './state/stateError.ts'
export type * from './state/stateReader.ts'
export { createStateReader, type StateReaderParts, type TrieStateReader } from './state/trieStateReader.ts'
export { createBlockExecutor } from './transition/blockExecutor.ts'
export { attributesOfPayload, executePayload, type PayloadParts } from './transition/executePayload.ts'
export { ExecutionError } from './transition/executionError.ts'
export { encodeReceipt } from './transition/receipts.ts'
export {
  type BlockOverrides,
  type BlockSimulationParts,
  type SimulatedBlock,
  type SimulatedBlockOutcome,
  simulateBlocks,
} from './transition/simulateBlocks.ts'
export { type SimulationParts, simulateCall } from './transition/simulateCall.ts'
export { createdAddress, decodeTransaction } from './transition/transaction.ts'
export type * from './transition/types.ts'
