import {
  type Hash,
  type Hex,
  type IndexedBlobHash,
  keccak256Hex,
  type L1BlockInfo,
  type L1BlockRef,
  type L1Receipt,
  utf8Bytes,
  ZERO_HASH,
} from '@keelson/protocol'
import type { BlobProvider, L1Provider } from '../src/providers.ts'

/** An L1 block with all that derivation reads of it. */
export type MemoryL1Block = {
  readonly info: L1BlockInfo
  readonly transactions: readonly Uint8Array[]
  readonly receipts: readonly L1Receipt[]
}

/** A made-up hash that depends on nothing but `text`. */
export const fakeHash = (text: string): Hash => keccak256Hex(utf8Bytes(text))

const EMPTY_BLOOM: Hex = `0x${'00'.repeat(256)}`

/** An L1 block whose hash is derived from its fields and from `salt`; made to be chained with `parent`. */
export function l1Block(
  parent: L1BlockRef | null,
  fields: Partial<L1BlockInfo> & {
    readonly transactions?: readonly Uint8Array[]
    readonly receipts?: readonly L1Receipt[]
    readonly salt?: string
  } = {},
): MemoryL1Block {
  const { transactions = [], receipts = [], salt = '', ...given } = fields
  const number = given.number ?? (parent ? parent.number + 1n : 0n)
  const timestamp = given.timestamp ?? (parent ? parent.timestamp + 12n : 1_000n)
  const parentHash = given.parentHash ?? parent?.hash ?? ZERO_HASH
  const info: L1BlockInfo = {
    hash: fakeHash(`L1 ${number} ${timestamp} ${parentHash} ${salt}`),
    number,
    timestamp,
    parentHash,
    baseFee: 7n + number,
    mixHash: fakeHash(`RANDAO ${number} ${salt}`),
    transactionsRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    logsBloom: EMPTY_BLOOM,
    ...given,
  }
  return { info, transactions, receipts }
}

/** The ref of an L1 block. */
export const l1Ref = ({ info }: { readonly info: L1BlockInfo }): L1BlockRef => ({
  hash: info.hash,
  number: info.number,
  parentHash: info.parentHash,
  timestamp: info.timestamp,
})

/**
 * An L1 chain in memory, with its blobs. Blocks that were reorganized out stay known by hash, as on a real node, until
 * {@link MemoryL1.forget}.
 */
export class MemoryL1 implements L1Provider, BlobProvider {
  readonly #canonical = new Map<bigint, MemoryL1Block>()
  readonly #byHash = new Map<Hash, MemoryL1Block>()
  readonly #blobs = new Map<Hash, Uint8Array>()
  /** How often each method was asked. */
  readonly calls = { ref: 0, info: 0, transactions: 0, receipts: 0, blobs: 0 }
  /** Thrown by the next call of that method, once. */
  readonly failures: { method: keyof MemoryL1['calls']; error: Error }[] = []

  constructor(blocks: readonly MemoryL1Block[] = []) {
    for (const block of blocks) this.add(block)
  }

  /** Makes `block` the canonical one at its height; what was above it is canonical no longer. */
  add(block: MemoryL1Block): MemoryL1Block {
    const { number, hash } = block.info
    for (let n = number + 1n; this.#canonical.delete(n); n++);
    this.#canonical.set(number, block)
    this.#byHash.set(hash, block)
    return block
  }

  addBlob(versionedHash: Hash, blob: Uint8Array): void {
    this.#blobs.set(versionedHash, blob)
  }

  /** Forgets a block by hash, as a node does that pruned a side chain. */
  forget(hash: Hash): void {
    this.#byHash.delete(hash)
  }

  /** The canonical block of the greatest height. */
  get head(): MemoryL1Block | null {
    let head: MemoryL1Block | null = null
    for (const block of this.#canonical.values()) if (!head || block.info.number > head.info.number) head = block
    return head
  }

  block(number: bigint): MemoryL1Block | null {
    return this.#canonical.get(number) ?? null
  }

  #count(method: keyof MemoryL1['calls']): void {
    this.calls[method]++
    const at = this.failures.findIndex((failure) => failure.method === method)
    if (at < 0) return
    const [failure] = this.failures.splice(at, 1)
    throw (failure as { error: Error }).error
  }

  async getBlockRefByNumber(number: bigint): Promise<L1BlockRef | null> {
    this.#count('ref')
    const block = this.#canonical.get(number)
    return block ? l1Ref(block) : null
  }

  async getBlockInfo(hash: Hash): Promise<L1BlockInfo | null> {
    this.#count('info')
    return this.#byHash.get(hash)?.info ?? null
  }

  async getTransactions(hash: Hash): Promise<readonly Uint8Array[] | null> {
    this.#count('transactions')
    return this.#byHash.get(hash)?.transactions ?? null
  }

  async getReceipts(hash: Hash): Promise<readonly L1Receipt[] | null> {
    this.#count('receipts')
    return this.#byHash.get(hash)?.receipts ?? null
  }

  async getBlobs(_ref: L1BlockRef, hashes: readonly IndexedBlobHash[]): Promise<readonly Uint8Array[] | null> {
    this.#count('blobs')
    const blobs: Uint8Array[] = []
    for (const { hash } of hashes) {
      const blob = this.#blobs.get(hash)
      if (!blob) return null
      blobs.push(blob)
    }
    return blobs
  }
}
