import type { L1BlockRef, L2BlockRef, SingularBatch } from '@keelson/protocol'
import { checkSingularBatch } from '../batches/checkSingularBatch.ts'
import { DerivationError } from '../errors.ts'
import { again, type Pull, ready } from '../stage.ts'
import type { BatchContext, BatchProvider, QueuedBatch } from './batchContext.ts'
import type { FlushableStage } from './channelAssembler.ts'
import type { Batch } from './channelReader.ts'
import type { Decision } from './context.ts'
import { SpanCursor } from './spanCursor.ts'

/** A block that is next to be judged, and the L1 block with the batch it came from. */
type Candidate = { readonly batch: SingularBatch; readonly inclusion: L1BlockRef }

/**
 * From Holocene: batches are judged as they come, in order. What is invalid takes the rest of its channel with it; what
 * is past is skipped. The blocks of a span batch are judged one by one.
 *
 * A span batch that names an L1 block still to come is let go alone: the implementations that run the chains have pulled it
 * by then and do not come back to it. What cannot be judged because a read failed stays for the next try.
 *
 * @throws {DerivationError} `originMismatch`, `tooFewOrigins`, `l2ReadFailed`
 * @see specs/protocol/holocene/derivation.md#batch-queue
 */
export function batchStage(shared: BatchContext, batches: FlushableStage<Batch>): BatchProvider {
  const { ctx, window } = shared
  let span: SpanCursor | null = null
  /** Read, and not judged yet. */
  let held: QueuedBatch | null = null
  /** The channel of the batch read last. */
  let channel = 0

  function clear(): void {
    span = null
    held = null
  }

  function flush(): void {
    clear()
    batches.flush()
  }

  async function read(): Promise<Pull<QueuedBatch>> {
    const read = await batches.pull()
    return read.status === 'ready' ? ready({ decoded: read.value, inclusion: ctx.origin }) : read
  }

  /** The next block to judge, where there is one. */
  async function candidate(parent: L2BlockRef): Promise<Pull<Candidate>> {
    if (span) {
      if (span.follows(parent)) return nextOfSpan(span, parent)
      span = null
    }
    if (!held) {
      const next = await read()
      if (next.status !== 'ready') return next
      held = next.value
      channel = held.decoded.channel
    }
    const { decoded, inclusion } = held
    if (decoded.type === 'singular') {
      held = null
      return ready({ batch: decoded.batch, inclusion })
    }
    const decision = await shared.judgeSpanHolocene(held, parent)
    shared.report(decision, held)
    held = null
    if (decision.outcome === 'dropped') flush()
    if (decision.outcome !== 'accepted') return again
    span = new SpanCursor(decoded.batch, parent, ctx.config.blockTime, inclusion)
    return nextOfSpan(span, parent)
  }

  function nextOfSpan(cursor: SpanCursor, parent: L2BlockRef): Pull<Candidate> {
    const batch = cursor.next(parent, window)
    if (cursor.isDone) span = null
    if (batch) return ready({ batch, inclusion: cursor.inclusion })
    flush()
    return again
  }

  return {
    async pull(parent) {
      shared.updateWindow(parent)
      if (ctx.origin.number <= parent.l1Origin.number) {
        // A channel completed here can hold nothing but past batches.
        const next = await read()
        if (next.status !== 'ready') return next
        const reason = `L1 block ${ctx.origin.number} is not after the safe head's origin ${parent.l1Origin.number}`
        shared.report({ outcome: 'past', rule: 'DER-222', reason }, next.value)
        return again
      }
      const { first } = window
      if (!first || window.length < 2) {
        throw new DerivationError('tooFewOrigins', { parentOrigin: parent.l1Origin, origin: ctx.origin })
      }
      if (first.hash !== parent.l1Origin.hash && first.number !== parent.l1Origin.number + 1n) {
        throw new DerivationError('originMismatch', { parentOrigin: parent.l1Origin, firstKnown: first })
      }
      const next = await candidate(parent)
      if (next.status === 'drained') return shared.emptyBatch(parent, true)
      if (next.status !== 'ready') return next
      const { batch, inclusion } = next.value
      const decision: Decision = checkSingularBatch(batch, shared.situation(parent, inclusion))
      shared.report(decision, { decoded: { type: 'singular', batch, channel }, inclusion })
      if (decision.outcome === 'accepted') return ready({ batch, isLastInSpan: true })
      if (decision.outcome === 'dropped') flush()
      return again
    },
    flush,
    clear,
    reset(base) {
      clear()
      shared.reset(base)
    },
  }
}
