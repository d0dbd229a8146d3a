import { type Address, bigintToBytes, type Hash, hexToBytes, keccak256 } from '@keelson/protocol'
import { toNibbles } from './trie.ts'
import type { TrieNode } from './trieNode.ts'

/**
 * Decoded trie nodes, code and hashed keys of one store, shared by every reader and every block on it.
 *
 * Tries hang together by their nodes, so the cache remembers roots and counts what hangs below them; when the count
 * passes the limit all roots are forgotten at once and the working set comes back from the store.
 */
export type StateCache = {
  root(hash: Hash): TrieNode | undefined
  putRoot(hash: Hash, node: TrieNode): void
  /** Told of every node made or read. */
  countNode(): void
  code(hash: Hash): Uint8Array | undefined
  putCode(hash: Hash, code: Uint8Array): void
  addressKey(address: Address): Uint8Array
  slotKey(slot: bigint): Uint8Array
  readonly nodeCount: number
}

const MAX_KEYS = 100_000

/** A map that is emptied when it is full. */
function boundedMemo<K, V>(compute: (key: K) => V): (key: K) => V {
  const values = new Map<K, V>()
  return (key) => {
    let value = values.get(key)
    if (value === undefined) {
      if (values.size >= MAX_KEYS) values.clear()
      value = compute(key)
      values.set(key, value)
    }
    return value
  }
}

/**
 * @param maxNodes - decoded nodes kept at most; a leaf takes some 300 bytes, a full branch 1,500
 * @param maxCodeBytes - contract code kept at most
 */
export function createStateCache({ maxNodes = 120_000, maxCodeBytes = 64_000_000 } = {}): StateCache {
  const roots = new Map<Hash, TrieNode>()
  const codes = new Map<Hash, Uint8Array>()
  let nodeCount = 0
  let codeBytes = 0
  return {
    root: (hash) => roots.get(hash),
    putRoot(hash, node) {
      if (nodeCount > maxNodes) {
        roots.clear()
        nodeCount = 0
      }
      roots.set(hash, node)
    },
    countNode() {
      nodeCount++
    },
    code: (hash) => codes.get(hash),
    putCode(hash, code) {
      if (codeBytes > maxCodeBytes) {
        codes.clear()
        codeBytes = 0
      }
      codeBytes += code.length
      codes.set(hash, code)
    },
    addressKey: boundedMemo((address: Address) => toNibbles(keccak256(hexToBytes(address)))),
    slotKey: boundedMemo((slot: bigint) => toNibbles(keccak256(bigintToBytes(slot, 32)))),
    get nodeCount() {
      return nodeCount
    },
  }
}
