import { bytesToHex, type Hash } from '@keelson/protocol'

/**
 * Where trie nodes and contract code lie, by the keccak-256 of their bytes. Reads are synchronous.
 *
 * The bytes given out must not be changed afterwards: decoded nodes keep views of them.
 */
export interface NodeStore {
  /** Trie node with this hash; `undefined` when the store lacks it. */
  getNode(hash: Uint8Array): Uint8Array | undefined
  /** Contract code with this hash; `undefined` when the store lacks it. */
  getCode(hash: Uint8Array): Uint8Array | undefined
}

/** A preimage: 32-byte keccak-256 hash, then the bytes. */
export type Preimage = readonly [hash: Uint8Array, bytes: Uint8Array]

/**
 * What a block adds to the store. Nodes and codes are content-addressed and only ever added, so writing them twice, in
 * any order, or for a block that is dropped later, does no harm.
 */
export type StateCommit = {
  readonly root: Hash
  readonly nodes: readonly Preimage[]
  readonly codes: readonly Preimage[]
}

/** A store in memory that takes commits; for tests, stateless execution and chains that need not last. */
export type MemoryStore = NodeStore & {
  put(commit: Pick<StateCommit, 'nodes' | 'codes'>): void
  readonly size: number
}

/**
 * Nodes and code in one map.
 *
 * @param preimages - what the store starts with, such as the witness of a block: keys are hashes in hex
 */
export function createMemoryStore(preimages: Iterable<readonly [Hash, Uint8Array]> = []): MemoryStore {
  const values = new Map<string, Uint8Array>(preimages)
  const get = (hash: Uint8Array) => values.get(bytesToHex(hash))
  return {
    getNode: get,
    getCode: get,
    put({ nodes, codes }) {
      for (const [hash, bytes] of nodes) values.set(bytesToHex(hash), bytes)
      for (const [hash, bytes] of codes) values.set(bytesToHex(hash), bytes)
    },
    get size() {
      return values.size
    },
  }
}
