import type { L1BlockRef, L2BlockRef, SingularBatch, SpanBatch } from '@keelson/protocol'
import { firstNewBlock } from '../batches/checkSpanBatch.ts'
import type { L1Window } from '../l1Window.ts'

/** Gives the new blocks of an accepted span batch one at a time, as singular batches. */
export class SpanCursor {
  readonly inclusion: L1BlockRef
  readonly #span: SpanBatch
  readonly #blockTime: bigint
  #index: number

  constructor(span: SpanBatch, safeHead: L2BlockRef, blockTime: bigint, inclusion: L1BlockRef) {
    this.#span = span
    this.#blockTime = blockTime
    this.#index = firstNewBlock(span, safeHead, blockTime)
    this.inclusion = inclusion
  }

  get isDone(): boolean {
    return this.#index >= this.#span.blockCount
  }

  /** Whether the next block follows `parent`. If not, the block given before was not built. */
  follows(parent: L2BlockRef): boolean {
    return !this.isDone && this.#span.blockTimestamp(this.#index) === parent.timestamp + this.#blockTime
  }

  /** The next block on `parent`, or `null` when its L1 origin is not among the known ones. */
  next(parent: L2BlockRef, window: L1Window): SingularBatch | null {
    const index = this.#index++
    const epochNumber = this.#span.blockEpochNumber(index)
    const origin = window.get(epochNumber)
    return (
      origin && {
        // The span names no parents but the first: its blocks build on whatever came out of those before.
        parentHash: parent.hash,
        epochNumber,
        epochHash: origin.hash,
        timestamp: this.#span.blockTimestamp(index),
        transactions: this.#span.blockTransactions(index),
      }
    )
  }
}
