import type { Address } from '@keelson/protocol'
import {
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  EMPTY_TRIE_ROOT,
  type Hash,
  type Hex,
  RlpReader,
} from '@keelson/protocol'
import { toNibbles } from '../state/trie.ts'
import type { TrieStateReader } from '../state/trieStateReader.ts'

/** Part of a contract's storage, by the hashes of its slots; which slots they are is not known. */
export type StorageRange = {
  readonly storage: Readonly<Record<Hash, { readonly key: null; readonly value: Hash }>>
  /** Where the next part begins; `null` at the end. */
  readonly nextKey: Hash | null
}

/** Bytes of nibbles. */
function fromNibbles(nibbles: Uint8Array): Hex {
  return bytesToHex(
    Uint8Array.from({ length: nibbles.length / 2 }, (_, i) => ((nibbles[2 * i] ?? 0) << 4) | (nibbles[2 * i + 1] ?? 0)),
  )
}

/**
 * At most `max` words of an account's storage in the order of their hashed slots.
 *
 * @param start - first bytes of the hash to begin at
 */
export function storageRange(state: TrieStateReader, address: Address, start: Uint8Array, max: number): StorageRange {
  const root = state.getAccount(address)?.storageRoot ?? EMPTY_TRIE_ROOT
  const storage: Record<Hash, { key: null; value: Hash }> = {}
  let count = 0
  for (const { key, value } of state.walker.entries(state.storageTrie(root), toNibbles(start))) {
    const hash = fromNibbles(key)
    if (count++ === max) return { storage, nextKey: hash }
    storage[hash] = { key: null, value: bytesToHex(bigintToBytes(bytesToBigint(new RlpReader(value).string()), 32)) }
  }
  return { storage, nextKey: null }
}
