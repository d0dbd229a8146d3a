import { bytesToHex } from '@keelson/protocol'
import { errorText, type RpcClient, RpcError } from '@keelson/service'

/**
 * What a pool said of a transaction.
 *
 * - `accepted`: it has it, now or from before.
 * - `underpriced`: it has another with this nonce and wants more for this one.
 * - `nonceTooLow`: a transaction with this nonce is in the chain.
 * - `later`: another try may do (the other kind of transaction is pending, the pool is full, …).
 * - `hopeless`: the same transaction will be refused again.
 * - `unknown`: there was no answer: it may have been taken, so its nonce must not be given to another.
 */
export type PublishOutcome =
  | { readonly status: 'accepted' }
  | { readonly status: 'unknown'; readonly reason: string }
  | {
      readonly status: 'underpriced' | 'nonceTooLow' | 'later' | 'hopeless'
      readonly reason: string
      readonly cause: RpcError
    }

const WORDS: readonly (readonly ['accepted' | 'underpriced' | 'nonceTooLow' | 'hopeless', RegExp])[] = [
  ['accepted', /already known|already imported|already exists|alreadyknown/i],
  [
    'underpriced',
    /underpriced|fee too low|tip too low|gas price too low|max fee per gas less than block base fee|max fee per blob gas/i,
  ],
  ['nonceTooLow', /nonce too low|nonce is too low|oldnonce/i],
  [
    'hopeless',
    /insufficient funds|intrinsic gas|exceeds block gas limit|invalid sender|kzg|blob sidecar|max initcode|oversized|signature/i,
  ],
]

/** Publishes and reads the answer. Rejects with the signal's reason only. */
export async function publishOutcome(rpc: RpcClient, raw: Uint8Array, signal: AbortSignal): Promise<PublishOutcome> {
  try {
    await rpc.request('eth_sendRawTransaction', [bytesToHex(raw)], { signal })
    return { status: 'accepted' }
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    if (!(cause instanceof RpcError)) return { status: 'unknown', reason: errorText(cause) }
    const reason = cause.message
    for (const [status, words] of WORDS) {
      if (!words.test(reason)) continue
      return status === 'accepted' ? { status } : { status, reason, cause }
    }
    return { status: 'later', reason, cause }
  }
}
