import type { BlockId, L2BlockRef, SyncStatus } from '@keelson/protocol'
import type { ChannelQueue } from './channelQueue.ts'

/** What the rollup node's status means for what is held. */
export type SyncAction =
  /** The node does not know enough yet. */
  | { readonly type: 'wait'; readonly reason: string }
  /** What is held belongs to another chain or was lost on L1: start again behind the safe head. */
  | { readonly type: 'restart'; readonly reason: string; readonly safe: L2BlockRef }
  /** Go on: give up what is safe, load what follows. */
  | {
      readonly type: 'load'
      readonly safe: L2BlockRef
      readonly from: bigint
      readonly to: bigint
      readonly parent: BlockId
    }

/** The safe head that counts for one chain alone. Nodes before interop have only the one. */
export const safeHeadOf = (status: SyncStatus): L2BlockRef =>
  status.localSafeL2.number > 0n ? status.localSafeL2 : status.safeL2

/**
 * Judges the sync status against what the batcher holds.
 *
 * @see specs/protocol/holocene/derivation.md#batcher-hardening
 */
export function syncAction(status: SyncStatus, queue: ChannelQueue): SyncAction {
  const safe = safeHeadOf(status)
  if (status.headL1.number === 0n) return { type: 'wait', reason: 'the rollup node has no L1 head yet' }
  if (status.unsafeL2.number < safe.number) return { type: 'wait', reason: 'the unsafe head is behind the safe head' }

  const first = queue.firstBlock
  const last = queue.lastBlock
  if (first && last) {
    const restart = (reason: string): SyncAction => ({ type: 'restart', reason, safe })
    if (safe.number + 1n < first.ref.number) return restart(`the safe head fell back to ${safe.number}`)
    if (safe.number > last.ref.number) return restart(`the safe head ${safe.number} is ahead of what is held`)
    const held = queue.hashAt(safe.number)
    if (held !== null && held !== safe.hash) return restart(`safe block ${safe.number} is not the one that was posted`)
    if (held === null && first.ref.parentHash !== safe.hash)
      return restart(`block ${first.ref.number} does not follow the safe head`)
    if (status.unsafeL2.number < last.ref.number)
      return restart(`the unsafe head fell back to ${status.unsafeL2.number}`)
    if (queue.hasLostChannel(safe, status.currentL1.number))
      return restart('a channel on L1 did not make its blocks safe')
    return { type: 'load', safe, from: last.ref.number + 1n, to: status.unsafeL2.number, parent: last.ref }
  }
  return { type: 'load', safe, from: safe.number + 1n, to: status.unsafeL2.number, parent: safe }
}
