import { bytesToHex, compareBytes } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import type { Hash } from './primitives.ts'
import { encodeRlp, encodeRlpString, rlpListHeader } from './rlp.ts'

/** Root of a trie without entries: keccak256 of the empty string's RLP. */
export const EMPTY_TRIE_ROOT: Hash = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

type Entry = { readonly nibbles: Uint8Array; readonly value: Uint8Array }

function toNibbles(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2)
  for (let i = 0; i < key.length; i++) {
    nibbles[2 * i] = (key[i] as number) >> 4
    nibbles[2 * i + 1] = (key[i] as number) & 15
  }
  return nibbles
}

/** Hex-prefix encoding of a path. */
function compactPath(nibbles: Uint8Array, start: number, end: number, isLeaf: boolean): Uint8Array {
  const length = end - start
  const odd = length % 2
  const path = new Uint8Array(1 + (length >> 1))
  path[0] = (isLeaf ? 0x20 : 0) | (odd ? 0x10 | (nibbles[start] as number) : 0)
  for (let i = start + odd, at = 1; i < end; i += 2)
    path[at++] = ((nibbles[i] as number) << 4) | (nibbles[i + 1] as number)
  return path
}

const BRANCH_HOLE = Uint8Array.of(0x80)

/** What a parent holds of a node: the node itself when shorter than 32 bytes, else its hash; as RLP. */
function reference(node: Uint8Array): Uint8Array {
  if (node.length < 32) return node
  const hash = new Uint8Array(33)
  hash[0] = 0xa0
  hash.set(keccak256(node), 1)
  return hash
}

/** RLP of a list whose items are RLP already. */
function listOf(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const header = rlpListHeader(length)
  const list = new Uint8Array(header.length + length)
  list.set(header)
  let at = header.length
  for (const part of parts) {
    list.set(part, at)
    at += part.length
  }
  return list
}

/** RLP of the node over `entries[from..to)`, which share their first `depth` nibbles and are sorted by key. */
function nodeOf(entries: readonly Entry[], from: number, to: number, depth: number): Uint8Array {
  const first = entries[from] as Entry
  if (to - from === 1) {
    const path = compactPath(first.nibbles, depth, first.nibbles.length, true)
    return listOf([encodeRlpString(path), encodeRlpString(first.value)])
  }
  const last = entries[to - 1] as Entry
  let shared = depth
  while (shared < first.nibbles.length && first.nibbles[shared] === last.nibbles[shared]) shared++
  if (shared > depth) {
    const path = encodeRlpString(compactPath(first.nibbles, depth, shared, false))
    return listOf([path, reference(nodeOf(entries, from, to, shared))])
  }
  const children: Uint8Array[] = new Array(17).fill(BRANCH_HOLE)
  let at = from
  if (first.nibbles.length === depth) {
    children[16] = encodeRlpString(first.value)
    at++
  }
  while (at < to) {
    const nibble = (entries[at] as Entry).nibbles[depth] as number
    let end = at + 1
    while (end < to && (entries[end] as Entry).nibbles[depth] === nibble) end++
    children[nibble] = reference(nodeOf(entries, at, end, depth + 1))
    at = end
  }
  return listOf(children)
}

const rootOf = (sorted: readonly Entry[]): Hash =>
  sorted.length === 0 ? EMPTY_TRIE_ROOT : bytesToHex(keccak256(nodeOf(sorted, 0, sorted.length, 0)))

/** Root of the Merkle-Patricia trie of these entries. Keys are distinct, values not empty. */
export function trieRoot(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): Hash {
  const sorted = entries.toSorted(([a], [b]) => compareBytes(a, b))
  return rootOf(sorted.map(([key, value]) => ({ nibbles: toNibbles(key), value })))
}

/** The RLP of 0 is 0x80: among the keys of a list its place is behind those of 1 to 127. */
const PLACE_OF_FIRST = 127

/** Root over a list: keys are the RLP of the indexes. That of transactions, receipts and withdrawals. */
export function orderedTrieRoot(values: readonly Uint8Array[]): Hash {
  const sorted = values.map((value, index) => ({ nibbles: toNibbles(encodeRlp(index)), value }))
  const first = sorted.shift()
  if (first) sorted.splice(PLACE_OF_FIRST, 0, first)
  return rootOf(sorted)
}
