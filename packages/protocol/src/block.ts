import { concatBytes } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { decodeHeader, encodeHeader, type Header } from './header.ts'
import { keccak256Hex } from './keccak.ts'
import type { Hash } from './primitives.ts'
import { encodeRlp, RlpReader, rlpListHeader } from './rlp.ts'
import { orderedTrieRoot } from './trie.ts'

/** A block: its header, and its transactions as EIP-2718 encodings. */
export type Block = { readonly header: Header; readonly transactions: readonly Uint8Array[] }

const EMPTY_LIST = Uint8Array.of(0xc0)

const listOf = (items: readonly Uint8Array[]): Uint8Array =>
  concatBytes(rlpListHeader(items.reduce((sum, { length }) => sum + length, 0)), ...items)

/** A legacy transaction is a list and stands in a block as it is; a typed one as a string. */
const isLegacy = (tx: Uint8Array): boolean => (tx[0] ?? 0) >= 0xc0

/**
 * RLP of an L2 block, as `debug_getRawBlock` gives it.
 *
 *   header   transactions   ommers   withdrawals
 *   list     list           empty    empty list, from Canyon
 */
export function encodeBlock({ header, transactions }: Block): Uint8Array {
  return listOf([
    encodeHeader(header),
    listOf(transactions.map((tx) => (isLegacy(tx) ? tx : encodeRlp(tx)))),
    EMPTY_LIST,
    ...(header.withdrawalsRoot === undefined ? [] : [EMPTY_LIST]),
  ])
}

/**
 * Reads the RLP of a block of L1 or L2: the hash is computed, the transactions are checked against the header's root. Ommers
 * and withdrawals are passed over. Transactions are views of `bytes`.
 *
 * @throws {CodecError} `badRlp`, `truncated`, `trailingBytes`, `wrongLength`, `badPayload`
 */
export function decodeBlock(bytes: Uint8Array): Block & { readonly hash: Hash } {
  const outer = new RlpReader(bytes)
  const fields = outer.list()
  outer.expectEnd('block')
  const encodedHeader = fields.raw()
  const header = decodeHeader(encodedHeader)
  const list = fields.list()
  const transactions: Uint8Array[] = []
  while (!list.done) transactions.push(list.atList ? list.raw() : list.string())
  const root = orderedTrieRoot(transactions)
  if (root !== header.transactionsRoot) {
    throw new CodecError('badPayload', {
      reason: `transactions hash to ${root}, the header says ${header.transactionsRoot}`,
    })
  }
  return { hash: keccak256Hex(encodedHeader), header, transactions }
}
