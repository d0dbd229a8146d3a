import { hexToBytes, type L1BlockInfo } from '@keelson/protocol'
import { badTransactions, encodeTransactions, verifyTransactions } from './blockBody.ts'
import { blockInfoOf, verifyRpcHeader } from './header.ts'
import type { RpcBlock } from './rpcTypes.ts'

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
  const transactions = encodeTransactions(block).map((encoded, i) => {
    if (!encoded) throw badTransactions(block, `the type of transaction ${i} is unknown`)
    return encoded
  })
  verifyTransactions(info, block, transactions)
  return { info, extraData: hexToBytes(block.extraData), transactions }
}
