import {
  type Address,
  bytesToHex,
  EMPTY_TRIE_ROOT,
  encodeRlp,
  type Hash,
  hexToBytes,
  keccak256,
} from '@keelson/protocol'
import { EMPTY_CODE_HASH, encodeAccount } from './accountCodec.ts'
import type { Preimage, StateCommit } from './nodeStore.ts'
import type { AccountState } from './stateReader.ts'
import type { TrieChange } from './trie.ts'
import { hashRoot, type TrieNode } from './trieNode.ts'
import type { TrieStateReader } from './trieStateReader.ts'

/** Slots of one account. `root` is the trie that unread slots come from: empty once the storage was cleared. */
type StorageLayer = {
  readonly root: Hash
  /** Slots as the trie has them; only those that were looked at. */
  readonly base: Map<bigint, bigint>
  /** Slots as they are now; only those that were written. */
  readonly current: Map<bigint, bigint>
}

type Undo =
  | { readonly kind: 'account'; readonly address: Address; readonly before: AccountState | null }
  | { readonly kind: 'layer'; readonly address: Address; readonly before: StorageLayer | undefined }
  | { readonly kind: 'slot'; readonly layer: StorageLayer; readonly slot: bigint; readonly before: bigint | undefined }

const EMPTY_ACCOUNT: AccountState = { nonce: 0n, balance: 0n, storageRoot: EMPTY_TRIE_ROOT, codeHash: EMPTY_CODE_HASH }

/**
 * A state on top of a reader: changes are kept apart, can be taken back to a checkpoint, and are gathered as net
 * changes when the block is sealed. The reader's state is not touched.
 *
 * Accounts are values: to change one, put another.
 */
export class JournaledState {
  readonly #reader: TrieStateReader
  readonly #base = new Map<Address, AccountState | null>()
  readonly #accounts = new Map<Address, AccountState | null>()
  readonly #storage = new Map<Address, StorageLayer>()
  readonly #codes = new Map<Hash, Uint8Array>()
  readonly #undo: Undo[] = []
  readonly #checkpoints: number[] = []
  /** Slots written in this transaction, with their values before it (EIP-2200). */
  readonly #original = new Map<Address, Map<bigint, bigint>>()

  constructor(reader: TrieStateReader) {
    this.#reader = reader
  }

  /** `null`: no such account. Its `storageRoot` is that before the block, unless the storage was cleared since. */
  getAccount(address: Address): AccountState | null {
    const known = this.#accounts.get(address)
    if (known !== undefined) return known
    const account = this.#reader.getAccount(address)
    this.#base.set(address, account)
    this.#accounts.set(address, account)
    return account
  }

  /** Like {@link getAccount}, with an empty account for none. */
  accountOrEmpty(address: Address): AccountState {
    return this.getAccount(address) ?? EMPTY_ACCOUNT
  }

  /** Makes or changes an account; `null` removes it together with its storage. */
  putAccount(address: Address, account: AccountState | null): void {
    const before = this.getAccount(address)
    // Without a checkpoint nothing can be taken back.
    if (this.#checkpoints.length > 0) this.#undo.push({ kind: 'account', address, before })
    this.#accounts.set(address, account)
    if (account === null) this.clearStorage(address)
  }

  /**
   * Adds to a balance. Adding nothing still touches the account: an empty one goes away (EIP-161).
   */
  credit(address: Address, amount: bigint): void {
    if (amount === 0n) {
      this.removeIfEmpty(address)
      return
    }
    const { nonce, balance, storageRoot, codeHash } = this.accountOrEmpty(address)
    this.putAccount(address, { nonce, balance: balance + amount, storageRoot, codeHash })
  }

  /** Removes an account without nonce, balance and code (EIP-161). */
  removeIfEmpty(address: Address): void {
    const account = this.getAccount(address)
    if (account && account.nonce === 0n && account.balance === 0n && account.codeHash === EMPTY_CODE_HASH) {
      this.putAccount(address, null)
    }
  }

  getCode(address: Address): Uint8Array {
    return this.codeByHash(this.accountOrEmpty(address).codeHash)
  }

  codeByHash(hash: Hash): Uint8Array {
    return this.#codes.get(hash) ?? this.#reader.getCode(hash)
  }

  putCode(address: Address, code: Uint8Array): void {
    const codeHash = code.length === 0 ? EMPTY_CODE_HASH : bytesToHex(keccak256(code))
    // Code stays known when the change is taken back: it is found by its hash only.
    if (code.length > 0) this.#codes.set(codeHash, code.slice())
    this.putAccount(address, { ...this.accountOrEmpty(address), codeHash })
  }

  #layer(address: Address): StorageLayer {
    let layer = this.#storage.get(address)
    if (!layer) {
      const root = this.getAccount(address)?.storageRoot ?? EMPTY_TRIE_ROOT
      layer = { root, base: new Map(), current: new Map() }
      this.#storage.set(address, layer)
    }
    return layer
  }

  getStorage(address: Address, slot: bigint): bigint {
    const layer = this.#layer(address)
    return layer.current.get(slot) ?? this.#baseSlot(layer, slot)
  }

  #baseSlot(layer: StorageLayer, slot: bigint): bigint {
    let value = layer.base.get(slot)
    if (value === undefined) {
      value = this.#reader.getStorageAt(layer.root, slot)
      layer.base.set(slot, value)
    }
    return value
  }

  putStorage(address: Address, slot: bigint, value: bigint): void {
    const layer = this.#layer(address)
    const before = layer.current.get(slot)
    let original = this.#original.get(address)
    if (!original) {
      original = new Map()
      this.#original.set(address, original)
    }
    if (!original.has(slot)) original.set(slot, before ?? this.#baseSlot(layer, slot))
    this.#undo.push({ kind: 'slot', layer, slot, before })
    layer.current.set(slot, value)
  }

  /** The slot's value before the transaction. */
  getOriginalStorage(address: Address, slot: bigint): bigint {
    return this.#original.get(address)?.get(slot) ?? this.getStorage(address, slot)
  }

  /** Forgets what slots held before: a new transaction begins. */
  startTransaction(): void {
    this.#original.clear()
  }

  clearStorage(address: Address): void {
    const before = this.#storage.get(address)
    if (!before && (this.getAccount(address)?.storageRoot ?? EMPTY_TRIE_ROOT) === EMPTY_TRIE_ROOT) return
    this.#undo.push({ kind: 'layer', address, before })
    this.#storage.set(address, { root: EMPTY_TRIE_ROOT, base: new Map(), current: new Map() })
    const account = this.getAccount(address)
    if (account && account.storageRoot !== EMPTY_TRIE_ROOT) {
      this.putAccount(address, { ...account, storageRoot: EMPTY_TRIE_ROOT })
    }
  }

  checkpoint(): void {
    this.#checkpoints.push(this.#undo.length)
  }

  commit(): void {
    this.#checkpoints.pop()
    // With no checkpoint left nothing can be taken back any more.
    if (this.#checkpoints.length === 0) this.#undo.length = 0
  }

  revert(): void {
    const length = this.#checkpoints.pop() ?? 0
    while (this.#undo.length > length) {
      const undo = this.#undo.pop() as Undo
      if (undo.kind === 'account') this.#accounts.set(undo.address, undo.before)
      else if (undo.kind === 'slot') {
        if (undo.before === undefined) undo.layer.current.delete(undo.slot)
        else undo.layer.current.set(undo.slot, undo.before)
      } else if (undo.before) this.#storage.set(undo.address, undo.before)
      else this.#storage.delete(undo.address)
    }
  }

  /** The storage root of an account as it would be now; nodes made on the way go to `nodes`. */
  #storageRoot(address: Address, account: AccountState, nodes: Preimage[]): Hash {
    const layer = this.#storage.get(address)
    if (!layer) return account.storageRoot
    const { cache, walker } = this.#reader
    const changes: TrieChange[] = []
    for (const [slot, value] of layer.current) {
      if (value === this.#baseSlot(layer, slot)) continue
      changes.push({ key: cache.slotKey(slot), value: value === 0n ? null : encodeRlp(value) })
    }
    if (changes.length === 0) return layer.root
    return this.#finish(walker.update(this.#reader.storageTrie(layer.root), changes), nodes)
  }

  #finish(root: TrieNode | null, nodes: Preimage[]): Hash {
    if (root === null) return EMPTY_TRIE_ROOT
    const hash = bytesToHex(hashRoot(root, nodes))
    this.#reader.cache.putRoot(hash, root)
    return hash
  }

  /** The state after all changes, as new nodes and code for the store. May be called again after more changes. */
  seal(): StateCommit & { readonly storageRootOf: (address: Address) => Hash } {
    const nodes: Preimage[] = []
    const storageRoots = new Map<Address, Hash>()
    const codes = new Map<Hash, Uint8Array>()
    const changes: TrieChange[] = []
    const { cache, walker } = this.#reader
    for (const [address, account] of this.#accounts) {
      const base = this.#base.get(address) ?? null
      if (account === null) {
        if (base !== null) changes.push({ key: cache.addressKey(address), value: null })
        continue
      }
      const storageRoot = this.#storageRoot(address, account, nodes)
      storageRoots.set(address, storageRoot)
      const unchanged =
        base !== null &&
        base.nonce === account.nonce &&
        base.balance === account.balance &&
        base.codeHash === account.codeHash &&
        base.storageRoot === storageRoot
      if (unchanged) continue
      const code = this.#codes.get(account.codeHash)
      if (code && base?.codeHash !== account.codeHash) codes.set(account.codeHash, code)
      changes.push({ key: cache.addressKey(address), value: encodeAccount({ ...account, storageRoot }) })
    }
    const root = this.#finish(walker.update(this.#reader.accountTrie(), changes), nodes)
    for (let i = 0; i < nodes.length; i++) cache.countNode()
    for (const [hash, code] of codes) cache.putCode(hash, code)
    return {
      root,
      nodes,
      codes: Array.from(codes, ([hash, code]) => [hexToBytes(hash), code] as const),
      storageRootOf: (address) =>
        storageRoots.get(address) ?? this.#reader.getAccount(address)?.storageRoot ?? EMPTY_TRIE_ROOT,
    }
  }
}
