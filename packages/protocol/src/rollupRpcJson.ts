import { JsonNode, jsonNumber } from './json.ts'
import type { Hash } from './primitives.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from './refs.ts'
import type { OutputAtBlock, SafeHeadAtL1Block, SyncStatus } from './rollupRpc.ts'

/** The shapes of the `optimism_` methods as they stand on the wire. Integers are JSON numbers. */
export type BlockIdJson = { hash: Hash; number: number | string }
export type L1BlockRefJson = BlockIdJson & { parentHash: Hash; timestamp: number | string }
/** `l1origin` with a lower-case o is how op-node spells it. */
export type L2BlockRefJson = L1BlockRefJson & { l1origin: BlockIdJson; sequenceNumber: number | string }
export type SyncStatusJson = {
  [Key in 'current_l1' | 'current_l1_finalized' | 'head_l1' | 'safe_l1' | 'finalized_l1']: L1BlockRefJson
} & {
  [Key in
    | 'unsafe_l2'
    | 'safe_l2'
    | 'finalized_l2'
    | 'pending_safe_l2'
    | 'cross_unsafe_l2'
    | 'local_safe_l2']: L2BlockRefJson
}
export type OutputAtBlockJson = {
  version: Hash
  outputRoot: Hash
  blockRef: L2BlockRefJson
  withdrawalStorageRoot: Hash
  stateRoot: Hash
  syncStatus: SyncStatusJson
}

const nodeOf = (json: unknown): JsonNode => (json instanceof JsonNode ? json : new JsonNode(json))

export function blockIdToJson({ hash, number }: BlockId): BlockIdJson {
  return { hash, number: jsonNumber(number) }
}

/** @throws {CodecError} `badJson` */
export function blockIdFromJson(json: unknown): BlockId {
  const node = nodeOf(json)
  return { hash: node.get('hash').hash(), number: node.get('number').uint64() }
}

export function l1BlockRefToJson(ref: L1BlockRef): L1BlockRefJson {
  return { ...blockIdToJson(ref), parentHash: ref.parentHash, timestamp: jsonNumber(ref.timestamp) }
}

/** @throws {CodecError} `badJson` */
export function l1BlockRefFromJson(json: unknown): L1BlockRef {
  const node = nodeOf(json)
  return {
    ...blockIdFromJson(node),
    parentHash: node.get('parentHash').hash(),
    timestamp: node.get('timestamp').uint64(),
  }
}

export function l2BlockRefToJson(ref: L2BlockRef): L2BlockRefJson {
  return {
    ...l1BlockRefToJson(ref),
    l1origin: blockIdToJson(ref.l1Origin),
    sequenceNumber: jsonNumber(ref.sequenceNumber),
  }
}

/** @throws {CodecError} `badJson` */
export function l2BlockRefFromJson(json: unknown): L2BlockRef {
  const node = nodeOf(json)
  return {
    ...l1BlockRefFromJson(node),
    l1Origin: blockIdFromJson(node.get('l1origin')),
    sequenceNumber: node.get('sequenceNumber').uint64(),
  }
}

export function syncStatusToJson(status: SyncStatus): SyncStatusJson {
  return {
    current_l1: l1BlockRefToJson(status.currentL1),
    current_l1_finalized: l1BlockRefToJson(status.currentL1Finalized),
    head_l1: l1BlockRefToJson(status.headL1),
    safe_l1: l1BlockRefToJson(status.safeL1),
    finalized_l1: l1BlockRefToJson(status.finalizedL1),
    unsafe_l2: l2BlockRefToJson(status.unsafeL2),
    safe_l2: l2BlockRefToJson(status.safeL2),
    finalized_l2: l2BlockRefToJson(status.finalizedL2),
    pending_safe_l2: l2BlockRefToJson(status.pendingSafeL2),
    cross_unsafe_l2: l2BlockRefToJson(status.crossUnsafeL2),
    local_safe_l2: l2BlockRefToJson(status.localSafeL2),
  }
}

/**
 * Nodes of other ages leave out the newer heads: then they are those of which they were split off.
 *
 * @throws {CodecError} `badJson`
 */
export function syncStatusFromJson(json: unknown): SyncStatus {
  const node = nodeOf(json)
  const unsafeL2 = l2BlockRefFromJson(node.get('unsafe_l2'))
  const safeL2 = l2BlockRefFromJson(node.get('safe_l2'))
  const finalizedL1 = l1BlockRefFromJson(node.get('finalized_l1'))
  const orElse = <T>(key: string, read: (json: unknown) => T, fallback: T): T => {
    const member = node.get(key)
    return member.exists ? read(member) : fallback
  }
  return {
    currentL1: l1BlockRefFromJson(node.get('current_l1')),
    currentL1Finalized: orElse('current_l1_finalized', l1BlockRefFromJson, finalizedL1),
    headL1: l1BlockRefFromJson(node.get('head_l1')),
    safeL1: l1BlockRefFromJson(node.get('safe_l1')),
    finalizedL1,
    unsafeL2,
    safeL2,
    finalizedL2: l2BlockRefFromJson(node.get('finalized_l2')),
    pendingSafeL2: orElse('pending_safe_l2', l2BlockRefFromJson, safeL2),
    crossUnsafeL2: orElse('cross_unsafe_l2', l2BlockRefFromJson, unsafeL2),
    localSafeL2: orElse('local_safe_l2', l2BlockRefFromJson, safeL2),
  }
}

export function outputAtBlockToJson(output: OutputAtBlock): OutputAtBlockJson {
  return {
    version: output.version,
    outputRoot: output.outputRoot,
    blockRef: l2BlockRefToJson(output.blockRef),
    withdrawalStorageRoot: output.withdrawalStorageRoot,
    stateRoot: output.stateRoot,
    syncStatus: syncStatusToJson(output.syncStatus),
  }
}

/** @throws {CodecError} `badJson` */
export function outputAtBlockFromJson(json: unknown): OutputAtBlock {
  const node = nodeOf(json)
  return {
    version: node.get('version').hash(),
    outputRoot: node.get('outputRoot').hash(),
    blockRef: l2BlockRefFromJson(node.get('blockRef')),
    withdrawalStorageRoot: node.get('withdrawalStorageRoot').hash(),
    stateRoot: node.get('stateRoot').hash(),
    syncStatus: syncStatusFromJson(node.get('syncStatus')),
  }
}

export function safeHeadAtL1BlockToJson({ l1Block, safeHead }: SafeHeadAtL1Block) {
  return { l1Block: blockIdToJson(l1Block), safeHead: blockIdToJson(safeHead) }
}

/** @throws {CodecError} `badJson` */
export function safeHeadAtL1BlockFromJson(json: unknown): SafeHeadAtL1Block {
  const node = nodeOf(json)
  return { l1Block: blockIdFromJson(node.get('l1Block')), safeHead: blockIdFromJson(node.get('safeHead')) }
}
