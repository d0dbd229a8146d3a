import type { Hash } from './primitives.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from './refs.ts'

/**
 * Where a rollup node stands. Unknown refs are zero-valued, never null.
 *
 * @see specs/protocol/rollup-node.md#syncstatus
 */
export type SyncStatus = {
  readonly currentL1: L1BlockRef
  readonly currentL1Finalized: L1BlockRef
  readonly headL1: L1BlockRef
  readonly safeL1: L1BlockRef
  readonly finalizedL1: L1BlockRef
  readonly unsafeL2: L2BlockRef
  readonly safeL2: L2BlockRef
  readonly finalizedL2: L2BlockRef
  readonly pendingSafeL2: L2BlockRef
  readonly crossUnsafeL2: L2BlockRef
  readonly localSafeL2: L2BlockRef
}

/** @see specs/protocol/rollup-node.md#output-method-api */
export type OutputAtBlock = {
  readonly version: Hash
  readonly outputRoot: Hash
  readonly blockRef: L2BlockRef
  readonly withdrawalStorageRoot: Hash
  readonly stateRoot: Hash
  readonly syncStatus: SyncStatus
}

export type SafeHeadAtL1Block = { readonly l1Block: BlockId; readonly safeHead: BlockId }
