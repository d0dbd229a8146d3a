import { type Address, quantityToHex } from '@keelson/protocol'
import type { RpcClient } from '@keelson/service'

/**
 * The L1 block that the rollup node must have derived before the batcher may start: the newest of the last `depth` blocks with
 * a transaction of the batcher's account, else the one `depth` blocks back. What an earlier run posted is then in the safe
 * head, and is not posted again.
 *
 * @param depth - 0: the L1 head
 */
export async function l1StartPoint(l1: RpcClient, account: Address, depth: number): Promise<bigint> {
  const head = BigInt(await l1.request<string>('eth_blockNumber'))
  if (depth === 0) return head
  const low = head > BigInt(depth) ? head - BigInt(depth) : 0n
  const nonceAt = async (number: bigint) =>
    BigInt(await l1.request<string>('eth_getTransactionCount', [account, quantityToHex(number)]))
  const now = await nonceAt(head)
  if ((await nonceAt(low)) === now) return low
  // The first block that has today's nonce holds the last transaction.
  let [before, at] = [low, head]
  while (at - before > 1n) {
    const middle = (before + at) / 2n
    if ((await nonceAt(middle)) === now) at = middle
    else before = middle
  }
  return at
}
