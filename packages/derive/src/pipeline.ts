import {
  type BlockId,
  isForkActive,
  type L1BlockRef,
  type L1ChainConfig,
  type L2BlockRef,
  type RollupConfig,
  type SystemConfig,
  ZERO_L1_BLOCK_REF,
} from '@keelson/protocol'
import { type AttributesWithParent, depositsOnly } from './attributes.ts'
import { createAttributesBuilder } from './attributesBuilder.ts'
import { DerivationError } from './errors.ts'
import { type DeriveMetrics, nullDeriveMetrics } from './metrics.ts'
import type { BlobProvider, L1Provider, L2Provider } from './providers.ts'
import { findResetBase } from './resetBase.ts'
import { again, type Pull } from './stage.ts'
import { attributesQueue } from './stages/attributesQueue.ts'
import { BatchContext } from './stages/batchContext.ts'
import { batchQueue } from './stages/batchQueue.ts'
import { batchStage } from './stages/batchStage.ts'
import { channelAssembler } from './stages/channelAssembler.ts'
import { channelBank } from './stages/channelBank.ts'
import { channelReader } from './stages/channelReader.ts'
import type { StageContext } from './stages/context.ts'
import { frameQueue } from './stages/frameQueue.ts'
import { l1Retrieval } from './stages/l1Retrieval.ts'
import { l1Traversal } from './stages/l1Traversal.ts'
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

/** Pulls answered with `again` in a row before the caller gets its turn. */
const MAX_PULLS_PER_STEP = 512

/**
 * Wires the stages: L1 traversal → L1 retrieval → frame queue → channels → channel reader → batches → attributes.
 *
 * Channels and batches have two sets of rules. Which one holds goes by the L1 block that the pipeline stands on: with
 * the first Holocene block, the stages change and all that was in flight is discarded.
 */
export function createDerivationPipeline(parts: PipelineParts): DerivationPipeline {
  const { config, l1, l2 } = parts
  const ctx: StageContext = {
    config,
    metrics: parts.metrics ?? nullDeriveMetrics,
    observer: parts.observer,
    origin: ZERO_L1_BLOCK_REF,
  }
  const traversal = l1Traversal(ctx, l1)
  const payloads = l1Retrieval(ctx, traversal, l1, parts.blobs)
  const frames = frameQueue(ctx, payloads)
  const bank = channelBank(ctx, frames)
  const assembler = channelAssembler(ctx, frames)
  let isHolocene = false
  const channels = { pull: () => (isHolocene ? assembler : bank).pull(), reset: () => {} }
  const reader = channelReader(ctx, channels, assembler.flush)
  const shared = new BatchContext(ctx, l2)
  const queue = batchQueue(shared, reader)
  const stage = batchStage(shared, reader)
  const batches = () => (isHolocene ? stage : queue)
  const attributes = attributesQueue(ctx, (parent) => batches().pull(parent), createAttributesBuilder(parts))
  let isReset = false
  let last: AttributesWithParent | null = null

  const atHolocene = () => isForkActive(config, 'holocene', ctx.origin.timestamp)

  function beginHolocene(): void {
    isHolocene = true
    frames.clear()
    queue.clear()
    reader.flush()
    bank.clear()
  }

  function resetTo(base: ResetBase): void {
    const stageBase = { origin: base.l1Origin, systemConfig: base.systemConfig }
    for (const each of [traversal, payloads, frames, bank, assembler, reader, queue, stage]) each.reset(stageBase)
    attributes.reset()
    isHolocene = atHolocene()
    last = null
    isReset = true
  }

  return {
    get origin() {
      return isReset ? ctx.origin : null
    },
    async reset(safeHead) {
      isReset = false
      resetTo(await findResetBase({ config, l1, l2 }, safeHead))
    },
    resetTo,
    async step(safeHead) {
      if (!isReset) throw new DerivationError('notReset', {})
      for (let pulls = 0; pulls < MAX_PULLS_PER_STEP; pulls++) {
        const pulled = await attributes.pull(safeHead)
        if (pulled.status === 'ready') {
          last = pulled.value
          return pulled
        }
        if (pulled.status === 'again') continue
        const moved = await traversal.advance()
        if (moved.status === 'again' && !isHolocene && atHolocene()) beginHolocene()
        return moved
      }
      return again
    },
    flushChannel: () => batches().flush(),
    replaceInvalid(parent, derivedFrom) {
      if (!last || last.parent.hash !== parent.hash || last.derivedFrom.hash !== derivedFrom.hash) {
        throw new DerivationError('noAttributesToReplace', { parent, derivedFrom })
      }
      batches().flush()
      last = depositsOnly(last)
      return last
    },
  }
}
