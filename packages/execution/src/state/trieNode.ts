import { keccak256 } from '@keelson/protocol'
import type { Preimage } from './nodeStore.ts'

/**
 * Nodes of a Merkle-Patricia trie whose keys all have 64 nibbles, so that branches hold no values.
 *
 * Nodes do not change once made, apart from caches: `ref` is filled in when the node is hashed, and an
 * {@link Unloaded} child is exchanged for what it stands for when somebody first looks at it. Tries of successive
 * blocks share all nodes that did not change.
 */
export type TrieNode = Branch | Extension | Leaf
export type TrieChild = TrieNode | Unloaded

/**
 * `ref` is what a parent holds of the node, as RLP: 0xa0 ‖ hash, or the node itself when shorter than 32 bytes;
 * `null` before the node was hashed.
 */
export class Branch {
  readonly children: (TrieChild | null)[]
  ref: Uint8Array | null
  constructor(children: (TrieChild | null)[], ref: Uint8Array | null = null) {
    this.children = children
    this.ref = ref
  }
}

/** A shared stretch of path before a branch. One nibble per byte. */
export class Extension {
  readonly path: Uint8Array
  child: TrieChild
  ref: Uint8Array | null
  constructor(path: Uint8Array, child: TrieChild, ref: Uint8Array | null = null) {
    this.path = path
    this.child = child
    this.ref = ref
  }
}

/** The rest of a key and its value. `decoded` is a cache for whoever reads the value. */
export class Leaf {
  readonly path: Uint8Array
  readonly value: Uint8Array
  ref: Uint8Array | null
  decoded: unknown = undefined
  constructor(path: Uint8Array, value: Uint8Array, ref: Uint8Array | null = null) {
    this.path = path
    this.value = value
    this.ref = ref
  }
}

/**
 * A node known by its hash only. Most children of a branch are never looked at, so that one of them is no more than a
 * place in the branch's bytes.
 */
export class Unloaded {
  readonly #bytes: Uint8Array
  readonly #at: number

  /** @param at - where 0xa0 ‖ hash stands in `bytes` */
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get ref(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#at + 33)
  }

  get hash(): Uint8Array {
    return this.#bytes.subarray(this.#at + 1, this.#at + 33)
  }
}

const lengthBytes = (length: number) => (length < 56 ? 0 : length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 3)

function writeHeader(out: Uint8Array, at: number, length: number, short: number): number {
  const size = lengthBytes(length)
  if (size === 0) {
    out[at] = short + length
    return at + 1
  }
  out[at++] = short + 55 + size
  for (let i = size - 1; i >= 0; i--) out[at++] = (length >>> (8 * i)) & 0xff
  return at
}

/** Hex-prefix encoding. */
function compactPath(path: Uint8Array, isLeaf: boolean): Uint8Array {
  const odd = path.length & 1
  const bytes = new Uint8Array(1 + (path.length >> 1))
  bytes[0] = (isLeaf ? 0x20 : 0) | (odd ? 0x10 | (path[0] as number) : 0)
  for (let i = odd, at = 1; i < path.length; i += 2) bytes[at++] = ((path[i] as number) << 4) | (path[i + 1] as number)
  return bytes
}

const stringLength = (bytes: Uint8Array) =>
  bytes.length === 1 && (bytes[0] as number) < 0x80 ? 1 : 1 + lengthBytes(bytes.length) + bytes.length

function writeString(out: Uint8Array, at: number, bytes: Uint8Array): number {
  const start = bytes.length === 1 && (bytes[0] as number) < 0x80 ? at : writeHeader(out, at, bytes.length, 0x80)
  out.set(bytes, start)
  return start + bytes.length
}

function encodeBranch(node: Branch): Uint8Array {
  let length = 1
  for (const child of node.children) length += child === null ? 1 : (child.ref as Uint8Array).length
  const out = new Uint8Array(1 + lengthBytes(length) + length)
  let at = writeHeader(out, 0, length, 0xc0)
  for (const child of node.children) {
    if (child === null) out[at++] = 0x80
    else {
      const ref = child.ref as Uint8Array
      out.set(ref, at)
      at += ref.length
    }
  }
  out[at] = 0x80
  return out
}

/** RLP of a node whose children are hashed. */
export function encodeNode(node: TrieNode): Uint8Array {
  if (node instanceof Branch) return encodeBranch(node)
  const path = compactPath(node.path, node instanceof Leaf)
  const pathLength = stringLength(path)
  if (node instanceof Leaf) {
    const length = pathLength + stringLength(node.value)
    const out = new Uint8Array(1 + lengthBytes(length) + length)
    writeString(out, writeString(out, writeHeader(out, 0, length, 0xc0), path), node.value)
    return out
  }
  const ref = node.child.ref as Uint8Array
  const length = pathLength + ref.length
  const out = new Uint8Array(1 + lengthBytes(length) + length)
  out.set(ref, writeString(out, writeHeader(out, 0, length, 0xc0), path))
  return out
}

function hashRef(encoded: Uint8Array): Uint8Array {
  const ref = new Uint8Array(33)
  ref[0] = 0xa0
  ref.set(keccak256(encoded), 1)
  return ref
}

/** Fills in `ref` of a node and of everything new below it; the new nodes that have a hash go to `added`. */
export function hashNode(node: TrieChild, added: Preimage[]): Uint8Array {
  if (node instanceof Unloaded || node.ref !== null) return node.ref as Uint8Array
  if (node instanceof Branch) {
    for (const child of node.children) if (child !== null && child.ref === null) hashNode(child, added)
  } else if (node instanceof Extension) {
    hashNode(node.child, added)
  }
  const encoded = encodeNode(node)
  if (encoded.length < 32) {
    node.ref = encoded
    return encoded
  }
  const ref = hashRef(encoded)
  node.ref = ref
  added.push([ref.subarray(1), encoded])
  return ref
}

/** Hash of a trie by its root node. A root has a hash even if it is shorter than 32 bytes. */
export function hashRoot(root: TrieNode, added: Preimage[]): Uint8Array {
  const ref = hashNode(root, added)
  if (ref.length === 33) return ref.subarray(1)
  const hash = keccak256(ref)
  added.push([hash, ref])
  return hash
}

type Cursor = { bytes: Uint8Array; at: number }

function itemEnd(bytes: Uint8Array, at: number): { start: number; end: number } {
  const first = bytes[at]
  if (first === undefined) throw new RangeError('truncated')
  if (first < 0x80) return { start: at, end: at + 1 }
  const base = first < 0xc0 ? 0x80 : 0xc0
  let length = first - base
  let start = at + 1
  if (length > 55) {
    const size = length - 55
    length = 0
    for (let i = 0; i < size; i++) length = length * 256 + (bytes[start + i] ?? 0)
    start += size
  }
  if (start + length > bytes.length) throw new RangeError('truncated')
  return { start, end: start + length }
}

function nextString(cursor: Cursor): Uint8Array {
  const { start, end } = itemEnd(cursor.bytes, cursor.at)
  cursor.at = end
  return cursor.bytes.subarray(start, end)
}

function nextChild(cursor: Cursor): TrieChild | null {
  const { bytes, at } = cursor
  const first = bytes[at]
  if (first === 0x80) {
    cursor.at = at + 1
    return null
  }
  if (first === 0xa0) {
    cursor.at = at + 33
    return new Unloaded(bytes, at)
  }
  const { end } = itemEnd(bytes, at)
  cursor.at = end
  const embedded = bytes.subarray(at, end)
  return decodeNode(embedded, embedded)
}

function expandPath(compact: Uint8Array): Uint8Array {
  const first = compact[0] ?? 0
  const odd = (first >> 4) & 1
  const path = new Uint8Array(compact.length * 2 - 2 + odd)
  let at = 0
  if (odd) path[at++] = first & 15
  for (let i = 1; i < compact.length; i++) {
    const byte = compact[i] as number
    path[at++] = byte >> 4
    path[at++] = byte & 15
  }
  return path
}

/**
 * Reads a node. Refs, paths of embedded nodes and values are views of `bytes`.
 *
 * @param ref - what a parent holds of it
 * @throws {RangeError} when the bytes are no node
 */
export function decodeNode(bytes: Uint8Array, ref: Uint8Array): TrieNode {
  if ((bytes[0] ?? 0) < 0xc0) throw new RangeError('not a list')
  const { start, end } = itemEnd(bytes, 0)
  const cursor: Cursor = { bytes, at: start }
  let items = 0
  for (let at = start; at < end; items++) at = itemEnd(bytes, at).end
  if (items === 17) {
    const children: (TrieChild | null)[] = new Array(16)
    for (let i = 0; i < 16; i++) children[i] = nextChild(cursor)
    return new Branch(children, ref)
  }
  if (items !== 2) throw new RangeError(`a list of ${items}`)
  const compact = nextString(cursor)
  const path = expandPath(compact)
  if (((compact[0] ?? 0) & 0x20) !== 0) return new Leaf(path, nextString(cursor), ref)
  const child = nextChild(cursor)
  if (child === null) throw new RangeError('extension without child')
  return new Extension(path, child, ref)
}
