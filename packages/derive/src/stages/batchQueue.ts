import type { L2BlockRef } from '@keelson/protocol'
import { DerivationError } from '../errors.ts'
import { again, drained, type Pull, ready, type Stage } from '../stage.ts'
import type { BatchContext, BatchProvider, DerivedBatch, QueuedBatch } from './batchContext.ts'
import type { Batch } from './channelReader.ts'
import { FutureBatches } from './futureBatches.ts'
import { SpanCursor } from './spanCursor.ts'

type Waiting = { readonly order: number; readonly queued: QueuedBatch }

/**
 * Before Holocene: holds batches until their time comes, and gives the first one, in the order of inclusion, that is
 * valid on top of the safe head. A span batch is valid as a whole or not at all.
 *
 * Batches of the future have no limit, here as in the specification and in op-node. Those that can never be valid stay as
 * well: what is undecided when its time comes holds up all after it, and with them which block is derived from where.
 *
 * @throws {DerivationError} `originMismatch`, `l2ReadFailed`
 * @see specs/protocol/derivation.md#batch-queue
 */
export function batchQueue(shared: BatchContext, batches: Stage<Batch>): BatchProvider {
  const { ctx, window } = shared
  /** Batches whose time has come but that are not judged for good, in the order of inclusion. */
  let due: Waiting[] = []
  /** Those before it are done with. */
  let dueStart = 0
  const future = new FutureBatches()
  let nextOrder = 0
  let span: SpanCursor | null = null
  /** Read from the channel, but not yet judged: judging may fail. */
  let incoming: QueuedBatch | null = null

  const clear = () => {
    due = []
    dueStart = 0
    future.clear()
    span = null
    incoming = null
  }

  async function add(queued: QueuedBatch, parent: L2BlockRef): Promise<void> {
    const decision = await shared.judge(queued, parent)
    const order = nextOrder++
    // An acceptable batch is judged again in its turn, when others that came before it have had theirs.
    if (decision.outcome === 'future') future.add(queued, order)
    else if (decision.outcome !== 'dropped') due.push({ order, queued })
    if (decision.outcome !== 'accepted') shared.report(decision, queued)
  }

  function collectDue(timestamp: bigint): void {
    const first = future.takeDue(timestamp)
    if (!first) return
    due = due.slice(dueStart)
    dueStart = 0
    for (let entry: Waiting | null = first; entry; entry = future.takeDue(timestamp)) due.push(entry)
    due.sort((a, b) => a.order - b.order)
  }

  /** The first acceptable batch; `undecided`: the ones after it must wait too; `null`: none. */
  async function firstAcceptable(parent: L2BlockRef): Promise<QueuedBatch | 'undecided' | null> {
    collectDue(parent.timestamp + ctx.config.blockTime)
    while (dueStart < due.length) {
      const { order, queued } = due[dueStart] as Waiting
      const decision = await shared.judge(queued, parent)
      if (decision.outcome === 'undecided') return 'undecided'
      dueStart++
      shared.report(decision, queued)
      if (decision.outcome === 'accepted') return queued
      if (decision.outcome === 'future') future.add(queued, order)
    }
    due = []
    dueStart = 0
    return null
  }

  function fromSpan(cursor: SpanCursor, parent: L2BlockRef): DerivedBatch {
    const batch = cursor.next(parent, window)
    // The whole span was checked, so that every L1 origin is known.
    if (!batch)
      throw new DerivationError('originMismatch', {
        parentOrigin: parent.l1Origin,
        firstKnown: window.first ?? ctx.origin,
      })
    if (cursor.isDone) span = null
    return { batch, isLastInSpan: cursor.isDone }
  }

  async function derive(parent: L2BlockRef, isExhausted: boolean): Promise<Pull<DerivedBatch>> {
    const { first } = window
    if (!first) throw new DerivationError('tooFewOrigins', { parentOrigin: parent.l1Origin, origin: ctx.origin })
    if (first.hash !== parent.l1Origin.hash && first.number !== parent.l1Origin.number + 1n) {
      throw new DerivationError('originMismatch', { parentOrigin: parent.l1Origin, firstKnown: first })
    }
    const accepted = await firstAcceptable(parent)
    if (accepted === 'undecided') return drained
    if (!accepted) return shared.emptyBatch(parent, isExhausted)
    const { decoded, inclusion } = accepted
    if (decoded.type === 'singular') return ready({ batch: decoded.batch, isLastInSpan: true })
    span = new SpanCursor(decoded.batch, parent, ctx.config.blockTime, inclusion)
    return ready(fromSpan(span, parent))
  }

  return {
    async pull(parent) {
      if (span) {
        if (span.follows(parent)) return ready(fromSpan(span, parent))
        // The block given before was not built: the span is invalid.
        span = null
      }
      shared.updateWindow(parent)
      let isExhausted = false
      if (!incoming) {
        const read = await batches.pull()
        // One batch is taken in before each try to derive, never two tries for one batch: op-node does so, and what is
        // judged as it comes in depends on it.
        if (read.status === 'again') return again
        if (read.status === 'ready') incoming = { decoded: read.value, inclusion: ctx.origin }
        else isExhausted = true
      }
      if (shared.isBehind(parent)) {
        if (incoming) {
          const reason = `L1 block ${ctx.origin.number} is before the safe head's origin ${parent.l1Origin.number}`
          shared.report({ outcome: 'past', rule: 'DER-153', reason }, incoming)
          incoming = null
        }
        return isExhausted ? drained : again
      }
      if (incoming) {
        await add(incoming, parent)
        incoming = null
      }
      const derived = await derive(parent, isExhausted)
      return derived.status === 'drained' && !isExhausted ? again : derived
    },
    flush() {
      span = null
    },
    clear,
    reset(base) {
      clear()
      shared.reset(base)
    },
  }
}
