import { bytesEqual, bytesToBigint, hexToBytes } from './bytes.ts'
import { CodecError } from './codecError.ts'
import type { AccountProof } from './engineApi.ts'
import { keccak256 } from './keccak.ts'
import { type Hash, type Hex, ZERO_HASH } from './primitives.ts'
import { decodeRlp, encodeRlp, type RlpItem, RlpReader } from './rlp.ts'
import { EMPTY_TRIE_ROOT } from './trie.ts'

const refuse = (reason: string): never => {
  throw new CodecError('badProof', { reason })
}

const nibbleAt = (key: Uint8Array, index: number): number => {
  const byte = key[index >> 1] as number
  return index % 2 === 0 ? byte >> 4 : byte & 15
}

/** The node that a parent's item stands for: in line, or the next of the proof by its hash. */
function resolve(item: RlpItem, nodes: readonly Uint8Array[], used: { count: number }): RlpItem | null {
  if (!(item instanceof Uint8Array)) return item
  if (item.length === 0) return null
  if (item.length !== 32) return refuse(`reference of ${item.length} bytes`)
  const node = nodes[used.count++]
  if (!node) return refuse('proof ends before the key does')
  if (!bytesEqual(keccak256(node), item)) return refuse(`node ${used.count - 1} has not the hash that leads to it`)
  return decodeRlp(node)
}

/**
 * Reads the value of a key from a Merkle-Patricia proof; `null` when the proof shows that there is none.
 *
 * @param key - the path itself (hashed already, for state and storage)
 * @param proof - nodes from the root down
 * @throws {CodecError} `badProof`, `badRlp`, …: the proof shows neither
 */
export function verifyTrieProof(root: Hash, key: Uint8Array, proof: readonly Uint8Array[]): Uint8Array | null {
  if (root === EMPTY_TRIE_ROOT) {
    // Some clients give the empty root's own RLP as the one node.
    const isBare = proof.length === 0 || (proof.length === 1 && proof[0]?.length === 1 && proof[0][0] === 0x80)
    return isBare ? null : refuse('nodes below an empty root')
  }
  const used = { count: 0 }
  let depth = 0
  let node = resolve(hexToBytes(root), proof, used)
  const finish = (value: Uint8Array | null) => {
    if (used.count !== proof.length) refuse(`${proof.length - used.count} nodes too many`)
    return value
  }
  while (node !== null) {
    if (node instanceof Uint8Array) return refuse('a node that is no list')
    if (node.length === 17) {
      const child = node[depth === key.length * 2 ? 16 : nibbleAt(key, depth)] as RlpItem
      if (depth === key.length * 2) {
        return finish(child instanceof Uint8Array && child.length > 0 ? child : null)
      }
      depth++
      node = resolve(child, proof, used)
      continue
    }
    const [path, next] = node
    if (node.length !== 2 || !(path instanceof Uint8Array) || path.length === 0 || next === undefined) {
      return refuse(`a node of ${node.length} items`)
    }
    const flags = (path[0] as number) >> 4
    if (flags > 3) return refuse(`path flags ${flags}`)
    for (let i = flags & 1 ? 1 : 2; i < path.length * 2; i++) {
      if (depth >= key.length * 2 || nibbleAt(path, i) !== nibbleAt(key, depth)) return finish(null)
      depth++
    }
    if (flags >= 2) {
      if (depth !== key.length * 2) return finish(null)
      return next instanceof Uint8Array ? finish(next) : refuse('a leaf whose value is a list')
    }
    node = resolve(next, proof, used)
  }
  return finish(null)
}

const toBytes = (items: readonly Hex[]) => items.map(hexToBytes)

/** keccak256 of no bytes: the code hash of an account without code. */
export const EMPTY_CODE_HASH: Hash = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'

/**
 * Checks an `eth_getProof` answer: the account against the state root, every storage entry against the account's
 * storage root. An account or slot that is shown to be absent must be reported as empty.
 *
 * @throws {CodecError} `badProof`, `badRlp`, …
 */
export function verifyAccountProof(stateRoot: Hash, proof: AccountProof): void {
  const account = verifyTrieProof(stateRoot, keccak256(hexToBytes(proof.address)), toBytes(proof.accountProof))
  if (account === null) {
    const hasStorage = proof.storageHash !== EMPTY_TRIE_ROOT && proof.storageHash !== ZERO_HASH
    if (proof.nonce !== 0n || proof.balance !== 0n || hasStorage) refuse(`account ${proof.address} is not in the state`)
  } else {
    const claimed = encodeRlp([proof.nonce, proof.balance, proof.storageHash, proof.codeHash])
    if (!bytesEqual(account, claimed)) refuse(`account ${proof.address} differs from the state`)
  }
  for (const { key, value, proof: nodes } of proof.storageProof) {
    const root = account === null ? EMPTY_TRIE_ROOT : proof.storageHash
    const stored = verifyTrieProof(root, keccak256(hexToBytes(key)), toBytes(nodes))
    const actual = stored === null ? 0n : bytesToBigint(new RlpReader(stored).string())
    if (actual !== value) refuse(`slot ${key} is ${actual}, not ${value}`)
  }
}
