import type { L1BlockRef, L2BlockRef, SingularBatch } from '@keelson/protocol'
import { type BatchSituation, checkSingularBatch } from '../batches/checkSingularBatch.ts'
import { checkSpanBatch, checkSpanBatchHolocene, type SpanSituation } from '../batches/checkSpanBatch.ts'
import { L1Window } from '../l1Window.ts'
import type { L2Provider } from '../providers.ts'
import { drained, type Pull, ready, type StageBase } from '../stage.ts'
import type { Batch } from './channelReader.ts'
import { type Decision, report, type StageContext } from './context.ts'

/** A batch that was accepted, as one L2 block. */
export type DerivedBatch = {
  readonly batch: SingularBatch
  /** The safe head may move to it. False only inside a span batch before Holocene. */
  readonly isLastInSpan: boolean
}

/** The innermost stage but one: asked for the batch that follows a given block. */
export type BatchProvider = {
  pull(parent: L2BlockRef): Promise<Pull<DerivedBatch>>
  /** Forgets the span in progress and the channel that it came from. */
  flush(): void
  reset(base: StageBase): void
  /** Forgets batches, but not the L1 blocks known: Holocene begins. */
  clear(): void
}

/** A batch waiting for its turn. */
export type QueuedBatch = { readonly decoded: Batch; readonly inclusion: L1BlockRef }

/** What the batch queue and the batch stage have in common: the L1 blocks known and the tail of a span. */
export class BatchContext {
  readonly ctx: StageContext
  readonly l2: L2Provider
  readonly window = new L1Window()
  /** The newest L1 block put into the window, or passed by while behind. */
  #origin: L1BlockRef | null = null
  /** The L1 block in which an epoch was left behind last, when all of that block had been read. */
  #leftEpochIn: L1BlockRef | null = null

  constructor(ctx: StageContext, l2: L2Provider) {
    this.ctx = ctx
    this.l2 = l2
  }

  reset(base: StageBase): void {
    this.#origin = base.origin
    this.#leftEpochIn = null
    this.window.clear()
    this.window.push(base.origin)
  }

  /** Whether the pipeline has yet to come to the L1 block that `parent` has as its origin. */
  isBehind(parent: L2BlockRef): boolean {
    return this.ctx.origin.number < parent.l1Origin.number
  }

  /** Takes in the L1 block that the pipeline moved to, and drops those before the parent's L1 origin. */
  updateWindow(parent: L2BlockRef): void {
    const { origin } = this.ctx
    if (this.#origin?.hash !== origin.hash) {
      this.#origin = origin
      if (this.isBehind(parent)) this.window.clear()
      else this.window.push(origin)
    }
    this.window.dropBefore(parent.l1Origin)
  }

  situation(parent: L2BlockRef, inclusion: L1BlockRef): BatchSituation {
    return { config: this.ctx.config, window: this.window, safeHead: parent, inclusion }
  }

  /** Judges a batch by the rules of the batch queue: a span as a whole. */
  async judge({ decoded, inclusion }: QueuedBatch, parent: L2BlockRef): Promise<Decision> {
    const situation = this.situation(parent, inclusion)
    if (decoded.type === 'singular') return checkSingularBatch(decoded.batch, situation)
    return checkSpanBatch(decoded.batch, { ...situation, l2: this.l2 })
  }

  judgeSpanHolocene({ decoded, inclusion }: QueuedBatch, parent: L2BlockRef): Promise<Decision> {
    if (decoded.type !== 'span') throw new TypeError('not a span batch')
    const situation: SpanSituation = { ...this.situation(parent, inclusion), l2: this.l2 }
    return checkSpanBatchHolocene(decoded.batch, situation)
  }

  /** Tells what became of a batch. */
  report(decision: Decision, { decoded, inclusion }: QueuedBatch): void {
    report(this.ctx, decision, () => ({ ...batchEvidence(decoded), inclusion }), 'batch')
  }

  /**
   * The batch that derivation makes itself when the sequencing window of the first L1 block known has passed. Moves the
   * window on when that L1 block can have no further L2 block.
   *
   * @param isExhausted - all data of the L1 block the pipeline stands on was read
   * @see specs/protocol/derivation.md#batch-queue
   */
  emptyBatch(parent: L2BlockRef, isExhausted: boolean): Pull<DerivedBatch> {
    const { config, origin } = this.ctx
    const timestamp = parent.timestamp + config.blockTime
    const epoch = this.window.first
    if (!epoch || this.#leftEpochIn?.hash === origin.hash) return drained
    const expiry = epoch.number + config.seqWindowSize
    const isExpired = expiry < origin.number || (expiry === origin.number && isExhausted)
    if (!isExpired) return drained
    const nextEpoch = this.window.get(epoch.number + 1n)
    if (!nextEpoch) return drained
    const isFirstOfEpoch = epoch.number === parent.l1Origin.number + 1n
    if (timestamp >= nextEpoch.timestamp && !isFirstOfEpoch) {
      // The block of the next epoch waits for the next try, also when its window has passed too: op-node and kona do so,
      // and with it goes which L1 block the block is derived from. That must not depend on how often derivation is tried
      // while L1 has no more blocks.
      this.window.dropFirst()
      if (isExhausted) this.#leftEpochIn = origin
      return drained
    }
    const batch = {
      parentHash: parent.hash,
      epochNumber: epoch.number,
      epochHash: epoch.hash,
      timestamp,
      transactions: [],
    }
    if (this.ctx.observer) {
      const rule = isFirstOfEpoch ? 'DER-206' : 'DER-205'
      const reason = `the sequencing window of epoch ${epoch.number} passed without a batch for time ${timestamp}`
      const evidence = {
        ...batchEvidence({ type: 'singular', batch, channel: 0 }),
        batchType: 'empty' as const,
        inclusion: origin,
      }
      report(this.ctx, { outcome: 'accepted', rule, reason }, () => evidence, 'batch')
    }
    return ready({ batch, isLastInSpan: true })
  }
}

function batchEvidence(decoded: Batch) {
  const { batch } = decoded
  if (decoded.type === 'singular') {
    const { timestamp, epochNumber, transactions } = decoded.batch
    const counts = { blockCount: 1, txCount: transactions.length }
    return { subject: 'batch' as const, batchType: 'singular' as const, timestamp, epochNumber, ...counts }
  }
  const { timestamp, startEpochNumber: epochNumber, blockCount, txCount } = batch as typeof decoded.batch
  return { subject: 'batch' as const, batchType: 'span' as const, timestamp, epochNumber, blockCount, txCount }
}
