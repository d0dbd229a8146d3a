import type { Frame } from '@keelson/protocol'
import type { RuleId } from '../verdict.ts'

/** A frame that fell out of the queue, and by which rule. */
export type PrunedFrame = { readonly frame: Frame; readonly rule: RuleId }

/**
 * Holocene: keeps of the queued frames only those in order.
 *
 * The first frame of the queue is not judged: it may go on with the channel that is being assembled.
 *
 * @see specs/protocol/holocene/derivation.md#frame-queue
 */
export function pruneFrames(frames: readonly Frame[]): { readonly kept: Frame[]; readonly pruned: PrunedFrame[] } {
  const kept: Frame[] = []
  const pruned: PrunedFrame[] = []
  for (const frame of frames) {
    const previous = kept.at(-1)
    if (!previous) {
      kept.push(frame)
      continue
    }
    if (frame.number === 0) {
      // A new channel begins: the one before it can no longer be closed.
      for (let open = previous; !open.isLast && open.channelId === previous.channelId; ) {
        kept.pop()
        pruned.push({ frame: open, rule: 'DER-091' })
        const before = kept.at(-1)
        if (!before) break
        open = before
      }
      kept.push(frame)
      continue
    }
    const rule = outOfOrder(previous, frame)
    if (rule) pruned.push({ frame, rule })
    else kept.push(frame)
  }
  return { kept, pruned }
}

/** The rule that a frame which is not the first of its channel breaks, coming after `previous`. */
function outOfOrder(previous: Frame, frame: Frame): RuleId | null {
  if (frame.channelId !== previous.channelId) return 'DER-090'
  if (previous.isLast) return 'DER-089'
  return frame.number === previous.number + 1 ? null : 'DER-088'
}
