import { hexToBytes, type L1BlockInfo, orderedTrieRoot } from '@keelson/protocol'
import { L1Error } from './errors.ts'
import { blockInfoOf, verifyRpcHeader } from './header.ts'
import type { RpcBlock } from './rpcTypes.ts'
import { encodeRpcTransaction } from './transaction.ts'

/**
 * A block with its transactions from the answer to `eth_getBlockBy…(…, true)`, of L1 or L2: the header hashed again, the
 * transactions re-encoded and checked against the header's root.
 *
 * @throws {L1Error} `badHeader`, `badBlock`
 */
export function verifiedBlock(json: unknown): {
  readonly info: L1BlockInfo
  readonly extraData: Uint8Array
  readonly transactions: readonly Uint8Array[]
} {
  const block = json as RpcBlock
  verifyRpcHeader(block)
  const info = blockInfoOf(block)
  const bad = (reason: string, cause?: unknown) =>
    new L1Error('badBlock', { hash: info.hash, list: 'transactions', reason }, { cause })
  const transactions = (block.transactions ?? []).map((tx, i) => {
    if (typeof tx !== 'object' || tx === null) throw bad(`transaction ${i} is missing`)
    let encoded: Uint8Array | null
    try {
      encoded = encodeRpcTransaction(tx)
    } catch (cause) {
      throw bad(`transaction ${i} cannot be encoded`, cause)
    }
    if (!encoded) throw bad(`transaction ${i} is of the unknown type ${tx.type}`)
    return encoded
  })
  const root = orderedTrieRoot(transactions)
  if (root !== info.transactionsRoot) throw bad(`their root is ${root}, the header has ${info.transactionsRoot}`)
  return { info, extraData: hexToBytes(block.extraData), transactions }
}
