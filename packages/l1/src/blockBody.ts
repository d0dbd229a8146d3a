import { encodeRlp, encodeRpcTransaction, hexToBytes, type L1BlockInfo, orderedTrieRoot } from '@keelson/protocol'
import { L1Error } from './errors.ts'
import type { L1RpcTransaction, RpcBlock } from './rpcTypes.ts'
import { rootWithSidecars } from './sidecar.ts'

/**
 * The transactions of a block, encoded again from their JSON; `null` stands for one of a type that is not known.
 *
 * @throws {L1Error} `badBlock`
 */
export function encodeTransactions(block: RpcBlock): readonly (Uint8Array | null)[] {
  return transactionsOf(block).map((tx, i) => {
    try {
      return encodeRpcTransaction(tx)
    } catch (cause) {
      throw badTransactions(block, `transaction ${i} cannot be encoded`, cause)
    }
  })
}

/** The transactions of a block that was asked for with them. @throws {L1Error} `badBlock` */
export function transactionsOf(block: RpcBlock): readonly L1RpcTransaction[] {
  if (!Array.isArray(block.transactions)) throw badTransactions(block, 'there is no list')
  const missing = block.transactions.findIndex((tx) => typeof tx !== 'object' || tx === null)
  if (missing !== -1) throw badTransactions(block, `transaction ${missing} is missing`)
  return block.transactions as readonly L1RpcTransaction[]
}

/**
 * Checks transactions against the root in their block's header.
 *
 * @param encoded - in block order
 * @throws {L1Error} `badBlock`
 */
export function verifyTransactions(info: L1BlockInfo, block: RpcBlock, encoded: readonly Uint8Array[]): void {
  const root = orderedTrieRoot(encoded)
  if (root === info.transactionsRoot) return
  if (rootWithSidecars(transactionsOf(block), encoded) === info.transactionsRoot) return
  throw badTransactions(block, `their root is ${root}, the header has ${info.transactionsRoot}`)
}

/** Checks withdrawals against the root in their block's header, where it has one. @throws {L1Error} `badBlock` */
export function verifyWithdrawals(block: RpcBlock): void {
  if (!block.withdrawalsRoot) return
  const encoded = (block.withdrawals ?? []).map((w) =>
    encodeRlp([BigInt(w.index), BigInt(w.validatorIndex), hexToBytes(w.address), BigInt(w.amount)]),
  )
  const root = orderedTrieRoot(encoded)
  if (root === block.withdrawalsRoot) return
  const reason = `their root is ${root}, the header has ${block.withdrawalsRoot}`
  throw new L1Error('badBlock', { hash: block.hash, list: 'withdrawals', reason })
}

/** What is wrong with the transactions of a block. */
export const badTransactions = ({ hash }: RpcBlock, reason: string, cause?: unknown): L1Error =>
  new L1Error('badBlock', { hash, list: 'transactions', reason }, { cause })
