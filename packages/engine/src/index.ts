export * from './attributesMatch.ts'
export { createBlockReader, type RpcRequest } from './blockReader.ts'
export * from './derivedAttributes.ts'
export * from './elSync.ts'
export { ENGINE_CALL_TIMEOUT_MS } from './engineCalls.ts'
export * from './engineClient.ts'
export * from './engineController.ts'
export type { EngineObserver } from './engineObserver.ts'
export * from './engineVersions.ts'
export * from './errors.ts'
export * from './heads.ts'
export * from './l2Chain.ts'
export { createEngineMetrics, type EngineMetrics } from './metrics.ts'
export type {
  BuildJob,
  DerivedOutcome,
  InsertOutcome,
  Invalid,
  SealedBlock,
  SealOutcome,
  StartOutcome,
  UnsafeQueueOutcome,
} from './payloadOutcome.ts'
export * from './rpcBlock.ts'
export * from './syncStart.ts'
export type { UnsafeQueueStatus } from './unsafeBlocks.ts'
export * from './unsafePolicy.ts'
export * from './unsafeQueue.ts'
