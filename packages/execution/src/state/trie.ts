import { bytesToHex } from '@keelson/protocol'
import type { NodeStore } from './nodeStore.ts'
import { StateError } from './stateError.ts'
import { Branch, decodeNode, Extension, encodeNode, Leaf, type TrieChild, type TrieNode, Unloaded } from './trieNode.ts'

/** A change of one key: 64 nibbles, one per byte; `null` removes a key that is there. */
export type TrieChange = { readonly key: Uint8Array; readonly value: Uint8Array | null }

/** Nibbles of a 32-byte hash. */
export function toNibbles(hash: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(hash.length * 2)
  for (let i = 0; i < hash.length; i++) {
    const byte = hash[i] as number
    nibbles[2 * i] = byte >> 4
    nibbles[2 * i + 1] = byte & 15
  }
  return nibbles
}

function compareKeys(a: TrieChange, b: TrieChange): number {
  for (let i = 0; i < 64; i++) {
    const difference = (a.key[i] as number) - (b.key[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/** How many nibbles of `path` follow in `key` from `depth` on. */
function sharedLength(path: Uint8Array, key: Uint8Array, depth: number): number {
  let i = 0
  while (i < path.length && path[i] === key[depth + i]) i++
  return i
}

/** Below, above, or at and inside: how a path stands to a key, as far as both reach. */
function comparePrefix(path: Uint8Array, key: Uint8Array): number {
  const length = Math.min(path.length, key.length)
  for (let i = 0; i < length; i++) {
    const difference = (path[i] as number) - (key[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

const join = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const path = new Uint8Array(a.length + b.length)
  path.set(a)
  path.set(b, a.length)
  return path
}

/**
 * Reads and changes tries whose nodes lie in a store. Changing makes new nodes and leaves the old ones as they are.
 *
 * `onLoad` is told of every node that is read and kept, so that a cache can bound itself.
 */
export class TrieWalker {
  readonly #store: NodeStore
  readonly #onLoad: () => void

  constructor(store: NodeStore, onLoad: () => void = () => {}) {
    this.#store = store
    this.#onLoad = onLoad
  }

  /**
   * The node of an {@link Unloaded} child.
   *
   * @throws {StateError} `nodeMissing`, `badNode`
   */
  load(child: TrieChild): TrieNode {
    if (!(child instanceof Unloaded)) return child
    const hash = child.hash
    const bytes = this.#store.getNode(hash)
    if (!bytes) throw new StateError('nodeMissing', { hash: bytesToHex(hash), what: 'trie node' })
    this.#onLoad()
    try {
      return decodeNode(bytes, child.ref)
    } catch (cause) {
      throw new StateError('badNode', { hash: bytesToHex(hash), reason: String(cause) }, { cause })
    }
  }

  #childOf(branch: Branch, nibble: number): TrieNode | null {
    const child = branch.children[nibble] as TrieChild | null
    if (child === null) return null
    if (!(child instanceof Unloaded)) return child
    const node = this.load(child)
    branch.children[nibble] = node
    return node
  }

  #childOfExtension(extension: Extension): TrieNode {
    const child = extension.child
    if (!(child instanceof Unloaded)) return child
    const node = this.load(child)
    extension.child = node
    return node
  }

  /** The leaf of a key, or `null`. */
  find(root: TrieNode | null, key: Uint8Array): Leaf | null {
    let node = root
    let depth = 0
    while (node !== null) {
      if (node instanceof Branch) {
        node = this.#childOf(node, key[depth++] as number)
      } else if (node instanceof Extension) {
        if (sharedLength(node.path, key, depth) < node.path.length) return null
        depth += node.path.length
        node = this.#childOfExtension(node)
      } else {
        return sharedLength(node.path, key, depth) === node.path.length ? node : null
      }
    }
    return null
  }

  /** Encodings of the hashed nodes on the way to a key, root first: proof of its value or of its absence. */
  prove(root: TrieNode | null, key: Uint8Array): Uint8Array[] {
    const proof: Uint8Array[] = []
    let node = root
    let depth = 0
    while (node !== null) {
      if (proof.length === 0 || (node.ref as Uint8Array).length === 33) proof.push(encodeNode(node))
      if (node instanceof Branch) {
        node = this.#childOf(node, key[depth++] as number)
      } else if (node instanceof Extension) {
        if (sharedLength(node.path, key, depth) < node.path.length) return proof
        depth += node.path.length
        node = this.#childOfExtension(node)
      } else {
        return proof
      }
    }
    return proof
  }

  /**
   * Keys and values in the order of keys, from `start` on. Nothing that is read is kept.
   *
   * @param start - nibbles of a key, as many as wanted
   */
  *entries(
    node: TrieChild | null,
    start: Uint8Array,
    path: Uint8Array = new Uint8Array(0),
  ): Generator<{ readonly key: Uint8Array; readonly value: Uint8Array }> {
    if (node === null || comparePrefix(path, start) < 0) return
    const loaded = node instanceof Unloaded ? this.load(node) : node
    if (loaded instanceof Leaf) {
      const key = join(path, loaded.path)
      if (comparePrefix(key, start) >= 0) yield { key, value: loaded.value }
    } else if (loaded instanceof Extension) {
      yield* this.entries(loaded.child, start, join(path, loaded.path))
    } else {
      for (const [nibble, child] of loaded.children.entries()) {
        yield* this.entries(child, start, join(path, Uint8Array.of(nibble)))
      }
    }
  }

  /**
   * The trie after all changes. Nodes are collapsed only where the outcome needs it, so that a removal asks for a
   * sibling only if the branch is really left with one child at the end.
   *
   * @param changes - distinct keys, in any order; sorted in place
   */
  update(root: TrieNode | null, changes: TrieChange[]): TrieNode | null {
    if (changes.length === 0) return root
    changes.sort(compareKeys)
    return this.#update(root, changes, 0, changes.length, 0)
  }

  #update(
    node: TrieNode | null,
    changes: readonly TrieChange[],
    from: number,
    to: number,
    depth: number,
  ): TrieNode | null {
    if (node === null) return build(changes, from, to, depth)
    if (node instanceof Branch) return this.#updateBranch(node, changes, from, to, depth)
    if (node instanceof Leaf) return updateLeaf(node, changes, from, to, depth)
    return this.#updateExtension(node, changes, from, to, depth)
  }

  #updateBranch(
    node: Branch,
    changes: readonly TrieChange[],
    from: number,
    to: number,
    depth: number,
  ): TrieNode | null {
    const children = node.children.slice()
    let changed = false
    let at = from
    while (at < to) {
      const nibble = (changes[at] as TrieChange).key[depth] as number
      let end = at + 1
      while (end < to && (changes[end] as TrieChange).key[depth] === nibble) end++
      const before = this.#childOf(node, nibble)
      const after = this.#update(before, changes, at, end, depth + 1)
      children[nibble] = after
      if (after !== before) changed = true
      at = end
    }
    return changed ? this.#normalBranch(children) : node
  }

  /** A branch, or what is left when it has fewer than two children. */
  #normalBranch(children: (TrieChild | null)[]): TrieNode | null {
    let only = -1
    for (let i = 0; i < 16; i++) {
      if (children[i] === null) continue
      if (only >= 0) return new Branch(children)
      only = i
    }
    if (only < 0) return null
    return this.#prefixed(Uint8Array.of(only), this.load(children[only] as TrieChild))
  }

  #prefixed(path: Uint8Array, node: TrieNode | null): TrieNode | null {
    if (node === null || path.length === 0) return node
    if (node instanceof Leaf) return new Leaf(join(path, node.path), node.value)
    if (node instanceof Extension) return new Extension(join(path, node.path), node.child)
    return new Extension(path, node)
  }

  #updateExtension(
    node: Extension,
    changes: readonly TrieChange[],
    from: number,
    to: number,
    depth: number,
  ): TrieNode | null {
    // The keys are sorted: what the first and the last share with the path, all between share too.
    const shared = Math.min(
      sharedLength(node.path, (changes[from] as TrieChange).key, depth),
      sharedLength(node.path, (changes[to - 1] as TrieChange).key, depth),
    )
    if (shared === node.path.length) {
      const before = this.#childOfExtension(node)
      const after = this.#update(before, changes, from, to, depth + shared)
      return after === before ? node : this.#prefixed(node.path, after)
    }
    const children: (TrieChild | null)[] = new Array(16).fill(null)
    const rest = node.path.subarray(shared + 1)
    children[node.path[shared] as number] = rest.length === 0 ? node.child : new Extension(rest, node.child)
    const split = this.#updateBranch(new Branch(children), changes, from, to, depth + shared)
    return this.#prefixed(node.path.subarray(0, shared), split)
  }
}

function updateLeaf(
  node: Leaf,
  changes: readonly TrieChange[],
  from: number,
  to: number,
  depth: number,
): TrieNode | null {
  const merged: TrieChange[] = []
  let pending = true
  for (let i = from; i < to; i++) {
    const change = changes[i] as TrieChange
    if (pending) {
      const shared = sharedLength(node.path, change.key, depth)
      if (shared === node.path.length) pending = false
      else if ((change.key[depth + shared] as number) > (node.path[shared] as number)) {
        merged.push({ key: join(change.key.subarray(0, depth), node.path), value: node.value })
        pending = false
      }
    }
    if (change.value !== null) merged.push(change)
  }
  if (pending) {
    const key = (changes[from] as TrieChange).key
    merged.push({ key: join(key.subarray(0, depth), node.path), value: node.value })
  }
  return build(merged, 0, merged.length, depth)
}

/** A new trie of sorted changes, which share their first `depth` nibbles; removals of what is not there are ignored. */
function build(changes: readonly TrieChange[], from: number, to: number, depth: number): TrieNode | null {
  const puts: TrieChange[] = []
  for (let i = from; i < to; i++) {
    const change = changes[i] as TrieChange
    if (change.value !== null) puts.push(change)
  }
  return puts.length === 0 ? null : buildPuts(puts, 0, puts.length, depth)
}

function buildPuts(puts: readonly TrieChange[], from: number, to: number, depth: number): TrieNode {
  const first = puts[from] as TrieChange
  if (to - from === 1) return new Leaf(first.key.slice(depth), first.value as Uint8Array)
  const last = (puts[to - 1] as TrieChange).key
  let branchAt = depth
  while (first.key[branchAt] === last[branchAt]) branchAt++
  const children: (TrieChild | null)[] = new Array(16).fill(null)
  let at = from
  while (at < to) {
    const nibble = (puts[at] as TrieChange).key[branchAt] as number
    let end = at + 1
    while (end < to && (puts[end] as TrieChange).key[branchAt] === nibble) end++
    children[nibble] = buildPuts(puts, at, end, branchAt + 1)
    at = end
  }
  const branch = new Branch(children)
  return branchAt === depth ? branch : new Extension(first.key.slice(depth, branchAt), branch)
}
