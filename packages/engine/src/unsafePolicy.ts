import type { ExecutionPayload } from '@keelson/protocol'
import type { Heads } from './heads.ts'

/** What becomes of the lowest queued unsafe payload, given the heads. */
export type UnsafeVerdict =
  | { readonly action: 'process' }
  | { readonly action: 'wait' }
  | { readonly action: 'drop'; readonly reason: 'alreadyHead' | 'notAboveSafe' | 'notAboveUnsafe' | 'otherParent' }

/**
 * Whether an unsafe payload extends the unsafe head, waits for its parent, or is of no use any more.
 *
 * @see specs/protocol/derivation.md#processing-unsafe-payload-attributes
 */
export function judgeUnsafePayload(
  payload: Pick<ExecutionPayload, 'blockHash' | 'blockNumber' | 'parentHash'>,
  heads: Heads,
): UnsafeVerdict {
  const { unsafe, safe } = heads
  if (payload.blockHash === unsafe.hash) return { action: 'drop', reason: 'alreadyHead' }
  if (payload.blockNumber <= safe.number) return { action: 'drop', reason: 'notAboveSafe' }
  if (payload.blockNumber <= unsafe.number) return { action: 'drop', reason: 'notAboveUnsafe' }
  if (payload.parentHash === unsafe.hash) return { action: 'process' }
  return payload.blockNumber === unsafe.number + 1n ? { action: 'drop', reason: 'otherParent' } : { action: 'wait' }
}
