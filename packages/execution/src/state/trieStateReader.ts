import {
  type AccountProof,
  type Address,
  bytesToBigint,
  bytesToHex,
  EMPTY_BYTES,
  EMPTY_TRIE_ROOT,
  type Hash,
  hexToBytes,
  RlpReader,
} from '@keelson/protocol'
import { decodeAccount, EMPTY_CODE_HASH } from './accountCodec.ts'
import type { NodeStore } from './nodeStore.ts'
import { createStateCache, type StateCache } from './stateCache.ts'
import { StateError } from './stateError.ts'
import type { AccountState, StateReader } from './stateReader.ts'
import { TrieWalker } from './trie.ts'
import { type Leaf, type TrieNode, Unloaded } from './trieNode.ts'

export type StateReaderParts = {
  readonly store: NodeStore
  readonly root: Hash
  /** One per store; without it the reader keeps its own. */
  readonly cache?: StateCache
}

/** A {@link StateReader} over a trie, with what a committing state needs besides. */
export class TrieStateReader implements StateReader {
  readonly root: Hash
  readonly cache: StateCache
  readonly walker: TrieWalker
  readonly #store: NodeStore
  #rootNode: TrieNode | null | undefined
  readonly #storageRoots = new Map<Hash, TrieNode | null>()

  constructor({ store, root, cache = createStateCache() }: StateReaderParts) {
    this.root = root
    this.cache = cache
    this.walker = new TrieWalker(store, cache.countNode)
    this.#store = store
  }

  /** Root node of the accounts, loaded at first use. */
  accountTrie(): TrieNode | null {
    if (this.#rootNode === undefined) this.#rootNode = this.#loadRoot(this.root)
    return this.#rootNode
  }

  /** Root node of a storage trie. */
  storageTrie(root: Hash): TrieNode | null {
    let node = this.#storageRoots.get(root)
    if (node === undefined) {
      node = this.#loadRoot(root)
      this.#storageRoots.set(root, node)
    }
    return node
  }

  #loadRoot(root: Hash): TrieNode | null {
    if (root === EMPTY_TRIE_ROOT) return null
    const cached = this.cache.root(root)
    if (cached) return cached
    const ref = new Uint8Array(33)
    ref[0] = 0xa0
    ref.set(hexToBytes(root), 1)
    const node = this.walker.load(new Unloaded(ref))
    this.cache.putRoot(root, node)
    return node
  }

  getAccount(address: Address): AccountState | null {
    const leaf = this.walker.find(this.accountTrie(), this.cache.addressKey(address))
    return leaf && accountOf(leaf)
  }

  getStorage(address: Address, slot: bigint): bigint {
    const account = this.getAccount(address)
    return account ? this.getStorageAt(account.storageRoot, slot) : 0n
  }

  /** The word in a slot of a storage trie. */
  getStorageAt(storageRoot: Hash, slot: bigint): bigint {
    if (storageRoot === EMPTY_TRIE_ROOT) return 0n
    const leaf = this.walker.find(this.storageTrie(storageRoot), this.cache.slotKey(slot))
    return leaf ? wordOf(leaf) : 0n
  }

  getCode(codeHash: Hash): Uint8Array {
    if (codeHash === EMPTY_CODE_HASH) return EMPTY_BYTES
    const cached = this.cache.code(codeHash)
    if (cached) return cached
    const code = this.#store.getCode(hexToBytes(codeHash))
    if (!code) throw new StateError('nodeMissing', { hash: codeHash, what: 'code' })
    this.cache.putCode(codeHash, code)
    return code
  }

  proveAccount(address: Address, keys: readonly Hash[]): AccountProof {
    const account = this.getAccount(address)
    const storageRoot = account?.storageRoot ?? EMPTY_TRIE_ROOT
    const storage = this.storageTrie(storageRoot)
    return {
      address,
      balance: account?.balance ?? 0n,
      nonce: account?.nonce ?? 0n,
      codeHash: account?.codeHash ?? EMPTY_CODE_HASH,
      storageHash: storageRoot,
      accountProof: this.walker.prove(this.accountTrie(), this.cache.addressKey(address)).map(bytesToHex),
      storageProof: keys.map((key) => {
        const slot = BigInt(key)
        return {
          key,
          value: this.getStorageAt(storageRoot, slot),
          proof: this.walker.prove(storage, this.cache.slotKey(slot)).map(bytesToHex),
        }
      }),
    }
  }
}

/** The state at `root`. Reads nothing yet: a root that the store lacks shows at the first read. */
export function createStateReader(parts: StateReaderParts): TrieStateReader {
  return new TrieStateReader(parts)
}

function accountOf(leaf: Leaf): AccountState {
  leaf.decoded ??= decodeAccount(leaf.value)
  return leaf.decoded as AccountState
}

function wordOf(leaf: Leaf): bigint {
  leaf.decoded ??= bytesToBigint(new RlpReader(leaf.value).string())
  return leaf.decoded as bigint
}
