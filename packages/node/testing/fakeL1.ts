import type { BlobProvider } from '@keelson/derive'
import { fakeL1Block } from '@keelson/engine/testing'
import { type L1Client, L1Error, type L1HeadEvent, type L1HeadTracker, type L1Label } from '@keelson/l1'
import { type Hash, type L1BlockInfo, type L1BlockRef, type L1Receipt, ZERO_HASH } from '@keelson/protocol'

type Content = { readonly transactions: readonly Uint8Array[]; readonly receipts: readonly L1Receipt[] }
const EMPTY: Content = { transactions: [], receipts: [] }

const refOf = ({ hash, number, parentHash, timestamp }: L1BlockInfo): L1BlockRef => ({
  hash,
  number,
  parentHash,
  timestamp,
})

/** An L1 that a test mines, reorganizes, finalizes and takes away. It is client, tracker and blob source at once. */
export class FakeL1 {
  readonly #byHash = new Map<Hash, { info: L1BlockInfo; content: Content }>()
  readonly #listeners = new Set<(event: L1HeadEvent) => void>()
  readonly #heads: Record<L1Label, L1BlockRef | null> = { latest: null, safe: null, finalized: null }
  #chain: L1BlockInfo[] = []
  #branch = 'a'
  #forkedAt = 0n
  /** While set, every read rejects with it. */
  down: Error | null = null
  /** A server that is behind the others: what is above is not there by number. `null`: it is not behind. */
  servesUpTo: bigint | null = null
  /** What the unsafe signer slot holds. */
  signer: Hash = ZERO_HASH
  chainId = 900n

  constructor() {
    this.mine()
  }

  get head(): L1BlockInfo {
    return this.#chain.at(-1) as L1BlockInfo
  }

  block(number: bigint): L1BlockInfo {
    return this.#chain[Number(number)] as L1BlockInfo
  }

  /** L1 does not answer any more, until `down` is `null` again. */
  goDown(): void {
    this.down = new L1Error('unavailable', { what: 'anything', reason: 'connection refused' })
  }

  /** Adds a block with this content and tells the trackers. */
  mine(content: Partial<Content> = {}): L1BlockInfo {
    const made = fakeL1Block(BigInt(this.#chain.length), this.#branch, this.#forkedAt)
    const info = { ...made, parentHash: this.#chain.at(-1)?.hash ?? made.parentHash }
    this.#chain.push(info)
    this.#byHash.set(info.hash, { info, content: { ...EMPTY, ...content } })
    this.#move('latest', info)
    return info
  }

  /** Replaces everything above `number` by blocks of another branch; what was there stays known by hash. */
  reorg(number: bigint, branch: string): void {
    this.#chain = this.#chain.slice(0, Number(number) + 1)
    this.#branch = branch
    this.#forkedAt = number + 1n
  }

  /** Forgets a block that is no longer canonical. */
  forget(hash: Hash): void {
    this.#byHash.delete(hash)
  }

  safe(number: bigint): void {
    this.#move('safe', this.block(number))
  }

  finalize(number: bigint): void {
    this.#move('finalized', this.block(number))
  }

  #move(label: L1Label, to: L1BlockInfo): void {
    const from = this.#heads[label]
    const reorg = from !== null && this.#chain[Number(from.number)]?.hash !== from.hash
    this.#heads[label] = refOf(to)
    for (const listener of this.#listeners) listener({ label, from, to: refOf(to), reorg })
  }

  async #read<T>(read: () => T): Promise<T> {
    if (this.down) throw this.down
    return read()
  }

  readonly client: L1Client = {
    chainId: () => this.#read(() => this.chainId),
    getBlockRefByNumber: (number) =>
      this.#read(() => {
        const isThere = this.#chain[Number(number)] && (this.servesUpTo === null || number <= this.servesUpTo)
        return isThere ? refOf(this.block(number)) : null
      }),
    getBlockRefByLabel: (label) => this.#read(() => this.#heads[label]),
    getBlockRefByHash: (hash) => this.#read(() => this.#info(hash)),
    getBlockInfo: (hash) => this.#read(() => this.#info(hash)),
    getTransactions: (hash) => this.#read(() => this.#byHash.get(hash)?.content.transactions ?? null),
    getReceipts: (hash) => this.#read(() => this.#byHash.get(hash)?.content.receipts ?? null),
    getStorageAt: () => this.#read(() => this.signer),
    close: () => {},
  }

  /** A tracker of its own for each node. While L1 is down it tells nothing. */
  joinTracker(): L1HeadTracker {
    const own = new Set<(event: L1HeadEvent) => void>()
    const forward = (event: L1HeadEvent) => {
      if (!this.down) for (const listener of own) listener(event)
    }
    return {
      heads: this.#heads,
      on: (listener) => {
        own.add(listener)
        return () => void own.delete(listener)
      },
      start: async () => {
        for (const label of ['latest', 'safe', 'finalized'] as const) {
          const to = this.#heads[label]
          if (to) forward({ label, from: null, to, reorg: false })
        }
        this.#listeners.add(forward)
        return refOf(this.head)
      },
      refresh: async () => {},
      close: () => void this.#listeners.delete(forward),
    }
  }

  readonly blobs: BlobProvider = { getBlobs: async () => null }

  #info(hash: Hash): L1BlockInfo | null {
    return this.#byHash.get(hash)?.info ?? null
  }
}
