import type { Address, Hash } from '@keelson/protocol'
import type { Chain } from '../chain/chain.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import { decodeTransaction } from '../transition/transaction.ts'

/**
 * The canonical transaction of a sender with this nonce, by looking for the block in which the account's nonce passed
 * it; `null` when there is none. Deposits count with the nonce of their receipt.
 *
 * @throws {StateError} when states on the way are pruned
 */
export function findBySenderAndNonce(
  chain: Chain,
  sender: Address,
  nonce: bigint,
): { readonly block: StoredBlock; readonly index: number } | null {
  const at = (number: bigint): StoredBlock => chain.need(chain.store.canonicalHash(number) as Hash)
  const nonceAfter = (number: bigint) => chain.stateOf(at(number).header).getAccount(sender)?.nonce ?? 0n
  let high = chain.head.header.number
  if (nonceAfter(high) <= nonce) return null
  for (let low = 0n; low < high; ) {
    const middle = (low + high) / 2n
    if (nonceAfter(middle) > nonce) high = middle
    else low = middle + 1n
  }
  const block = at(high)
  const receipts = chain.store.receipts(block.hash) ?? []
  const index = block.transactions.findIndex((bytes, i) => {
    const tx = decodeTransaction(bytes)
    return tx.sender === sender && (tx.deposit ? receipts[i]?.depositNonce : tx.nonce) === nonce
  })
  return index < 0 ? null : { block, index }
}
