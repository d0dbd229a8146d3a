import type { AccountProof, Address, Hash } from '@keelson/protocol'

/** An account as the state trie has it. */
export type AccountState = {
  readonly nonce: bigint
  readonly balance: bigint
  readonly storageRoot: Hash
  readonly codeHash: Hash
}

/**
 * The state at one root. Synchronous; every method throws `StateError` `nodeMissing` when the store lacks a node.
 * Addresses are lower-case hex.
 */
export interface StateReader {
  readonly root: Hash
  /** `null`: no such account. */
  getAccount(address: Address): AccountState | null
  /** The word in a slot; zero for what was never set and for accounts that do not exist. */
  getStorage(address: Address, slot: bigint): bigint
  /** Code by its hash; empty for the hash of nothing. */
  getCode(codeHash: Hash): Uint8Array
  /** Proof of an account and of some of its slots, as `eth_getProof` gives it. */
  proveAccount(address: Address, keys: readonly Hash[]): AccountProof
}
