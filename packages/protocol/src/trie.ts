import { bytesToHex, compareBytes } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import type { Hash } from './primitives.ts'
import { encodeRlp, rlpStringSize, writeRlpHeader, writeRlpString } from './rlp.ts'

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

/** Where one node at a time is written, to be hashed or copied from there. */
let scratch = new Uint8Array(4_096)

function reserve(size: number): Uint8Array {
  if (scratch.length < size) scratch = new Uint8Array(2 * size)
  return scratch
}

/** Size of the hex-prefix encoding of a path of `length` nibbles. */
const pathSize = (length: number) => 1 + (length >> 1)

/** Writes the RLP of a path in hex-prefix encoding; gives the offset behind it. */
function writePath(out: Uint8Array, at: number, nibbles: Uint8Array, start: number, isLeaf: boolean): number {
  const length = nibbles.length - start
  const size = pathSize(length)
  // A path of one byte is below 0x80 and stands for itself.
  if (size > 1) at = writeRlpHeader(out, at, size, 0x80)
  const odd = length % 2
  out[at++] = (isLeaf ? 0x20 : 0) | (odd ? 0x10 | (nibbles[start] as number) : 0)
  for (let i = start + odd; i < nibbles.length; i += 2)
    out[at++] = ((nibbles[i] as number) << 4) | (nibbles[i + 1] as number)
  return at
}

const pathRlpSize = (length: number) => rlpStringSize(pathSize(length), 0)

const valueRlpSize = (value: Uint8Array) => rlpStringSize(value.length, value[0] ?? 0)

/** What a parent holds of the node in `out[0..end)`: the node itself when shorter than 32 bytes, else its hash; as RLP. */
function reference(out: Uint8Array, end: number): Uint8Array {
  if (end < 32) return out.slice(0, end)
  const hash = new Uint8Array(33)
  hash[0] = 0xa0
  hash.set(keccak256(out.subarray(0, end)), 1)
  return hash
}

function writeLeaf({ nibbles, value }: Entry, depth: number): number {
  const payload = pathRlpSize(nibbles.length - depth) + valueRlpSize(value)
  const out = reserve(payload + 9)
  const at = writePath(out, writeRlpHeader(out, 0, payload, 0xc0), nibbles, depth, true)
  return writeRlpString(out, at, value)
}

function writeExtension(nibbles: Uint8Array, depth: number, child: Uint8Array): number {
  const payload = pathRlpSize(nibbles.length - depth) + child.length
  const out = reserve(payload + 9)
  const at = writePath(out, writeRlpHeader(out, 0, payload, 0xc0), nibbles, depth, false)
  out.set(child, at)
  return at + child.length
}

/** @param value - of the entry that ends here */
function writeBranch(children: readonly (Uint8Array | null)[], value: Uint8Array | null): number {
  let payload = value ? valueRlpSize(value) : 1
  for (const child of children) payload += child ? child.length : 1
  const out = reserve(payload + 9)
  let at = writeRlpHeader(out, 0, payload, 0xc0)
  for (const child of children) {
    if (child) {
      out.set(child, at)
      at += child.length
    } else out[at++] = 0x80
  }
  if (value) return writeRlpString(out, at, value)
  out[at] = 0x80
  return at + 1
}

/**
 * Writes the node over `entries[from..to)`, which share their first `depth` nibbles and are sorted by key, into the scratch
 * buffer; gives the offset behind it.
 */
function writeNode(entries: readonly Entry[], from: number, to: number, depth: number): number {
  const first = entries[from] as Entry
  if (to - from === 1) return writeLeaf(first, depth)
  const last = entries[to - 1] as Entry
  let shared = depth
  while (shared < first.nibbles.length && first.nibbles[shared] === last.nibbles[shared]) shared++
  if (shared > depth) {
    const child = nodeReference(entries, from, to, shared)
    return writeExtension(first.nibbles.subarray(0, shared), depth, child)
  }
  const children: (Uint8Array | null)[] = new Array(16).fill(null)
  const endsHere = first.nibbles.length === depth
  for (let at = endsHere ? from + 1 : from; at < to; ) {
    const nibble = (entries[at] as Entry).nibbles[depth] as number
    let end = at + 1
    while (end < to && (entries[end] as Entry).nibbles[depth] === nibble) end++
    children[nibble] = nodeReference(entries, at, end, depth + 1)
    at = end
  }
  return writeBranch(children, endsHere ? first.value : null)
}

function nodeReference(entries: readonly Entry[], from: number, to: number, depth: number): Uint8Array {
  const end = writeNode(entries, from, to, depth)
  return reference(scratch, end)
}

function rootOf(sorted: readonly Entry[]): Hash {
  if (sorted.length === 0) return EMPTY_TRIE_ROOT
  const end = writeNode(sorted, 0, sorted.length, 0)
  return bytesToHex(keccak256(scratch.subarray(0, end)))
}

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
