import type { BlockId, L1BlockRef, L1ChainConfig, L2BlockRef, RollupConfig, SystemConfig } from '@keelson/protocol'
import type { AttributesWithParent } from './attributes.ts'
import type { DeriveMetrics } from './metrics.ts'
import type { BlobProvider, L1Provider, L2Provider } from './providers.ts'
import type { Pull } from './stage.ts'
import type { DerivationObserver } from './verdict.ts'

export type PipelineParts = {
  readonly config: RollupConfig
  /** Needed for an L1 that is not built in and has blobs. */
  readonly l1Config?: L1ChainConfig | undefined
  readonly l1: L1Provider
  /** Absent: blobs of the batcher are a critical error. */
  readonly blobs?: BlobProvider | undefined
  readonly l2: L2Provider
  readonly metrics?: DeriveMetrics | undefined
  readonly observer?: DerivationObserver | undefined
}

/** Where to begin: derivation reads L1 from `l1Origin` on, and gives the blocks that follow `l2`. */
export type ResetBase = {
  readonly l1Origin: L1BlockRef
  /** As of `l1Origin`. */
  readonly systemConfig: SystemConfig
  /** The safe head. */
  readonly l2: L2BlockRef
}

/**
 * The derivation pipeline.
 *
 * The driver calls {@link DerivationPipeline.step} with the (pending) safe head, builds what comes back, and calls
 * again with the block built. No two calls may overlap.
 */
export interface DerivationPipeline {
  /** The L1 block the pipeline stands on; `null` before the first reset. */
  readonly origin: L1BlockRef | null
  /**
   * Empties every stage and goes back on L1 far enough to see every channel that can still matter to the blocks after
   * `safeHead`. Must be called first, and whenever the safe head did not come from this pipeline.
   *
   * @throws {DerivationError} `l2BlockMissing`, `l1BlockMissing` (reset), `systemConfigMissing` (temporary)
   */
  reset(safeHead: L2BlockRef): Promise<void>
  /** As {@link reset}, from a base that is already known. */
  resetTo(base: ResetBase): void
  /**
   * Goes one step: `ready` with the attributes of the block after `safeHead`; `again`: progress was made (L1 advances
   * by one block at most); `drained`: the next L1 block is not there yet.
   *
   * @throws errors of severity `temporary` (call again later), `reset` (find the safe head anew, then {@link reset}) or
   *   `critical`
   */
  step(safeHead: L2BlockRef): Promise<Pull<AttributesWithParent>>
  /** Holocene: forgets the span batch in progress and the rest of the channel it came from. */
  flushChannel(): void
  /**
   * Holocene: what replaces the attributes given last, after the engine found them invalid: the same with deposits
   * only. Flushes the channel, since it held an invalid batch.
   *
   * @throws {DerivationError} `noAttributesToReplace` when they are not the ones given last
   */
  replaceInvalid(parent: BlockId, derivedFrom: BlockId): AttributesWithParent
}
