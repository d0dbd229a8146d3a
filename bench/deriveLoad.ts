import type { AttributesWithParent, BlobProvider, L1Provider, L2Provider, ResetBase } from '@keelson/derive'
import { fakeHash } from '@keelson/derive/testing'
import {
  type BlockId,
  bytesToBigint,
  compressChannel,
  concatBytes,
  encodeBatcherTx,
  encodeBlob,
  encodeRlp,
  encodeSingularBatch,
  encodeSpanBatch,
  type Frame,
  type Hash,
  type IndexedBlobHash,
  keccak256,
  type L1BlockInfo,
  type L1BlockRef,
  type L1Receipt,
  type L2BlockRef,
  privateKeyToAddress,
  type RollupConfig,
  type SingularBatch,
  type SystemConfig,
  signHash,
  ZERO_HASH,
} from '@keelson/protocol'
import { forksUpTo, testAddress, testRollupConfig, testSystemConfig, testTx } from '@keelson/protocol/testing'

const L1_TIME = 1_000_000n
const L1_SLOT = 12n
const BLOCK_TIME = 2n
/** L2 blocks of one channel. */
const CHANNEL_BLOCKS = 60
const TXS_PER_BLOCK = 10
const FRAME_SIZE = 120_000
/** Other transactions in each L1 block. */
const FOREIGN_TXS = 10
const KEY = new Uint8Array(32).fill(9)

const numbered = (prefix: string, n: bigint): Hash => `0x${prefix}${n.toString(16).padStart(62, '0')}`
const l1Hash = (n: bigint) => numbered('11', n)
const l2Hash = (n: bigint) => numbered('22', n)

/** Transactions of all types with calldata that is neither constant nor noise. */
const POOL: readonly Uint8Array[] = Array.from({ length: 997 }, (_, i) => {
  const input = new Uint8Array(4 + 32 * (i % 7))
  for (let at = 0; at < input.length; at += 32)
    input.set(keccak256(Uint8Array.of(i & 0xff, at & 0xff, i >> 8)).subarray(0, Math.min(20, input.length - at)), at)
  const type = ([2, 2, 0, 2, 1, 2, 2, 0, 2, 4] as const)[i % 10] as 0 | 1 | 2 | 4
  const authorizations = type === 4 ? [[1n, testAddress(i % 250), 1n, 0n, 5n, 6n] as const] : []
  const signature = keccak256(Uint8Array.of(i & 0xff, i >> 8))
  const r = bytesToBigint(signature)
  return testTx({
    type,
    chainId: 901n,
    nonce: BigInt(i),
    input,
    authorizations,
    to: testAddress(i % 250),
    r,
    s: r >> 1n,
    value: BigInt(i) * 10n ** 15n,
  })
})

type Content = { readonly transactions: readonly Uint8Array[]; readonly blobs: ReadonlyMap<Hash, Uint8Array> }

/**
 * A chain of `blockCount` L2 blocks and the L1 that carries it, made as it is read: span and singular batches, zlib and
 * brotli, calldata and blobs take turns from channel to channel. Keeps no more than a few L1 blocks.
 */
export class DeriveLoad implements L1Provider, BlobProvider, L2Provider {
  readonly config: RollupConfig
  readonly base: ResetBase
  readonly blockCount: number
  /** Unpacked bytes of the channels made so far. */
  contentBytes = 0
  /** Time spent making the load. */
  makingMs = 0
  readonly #systemConfig: SystemConfig
  readonly #foreign: readonly Uint8Array[]
  readonly #contents = new Map<bigint, Content>()
  readonly #lastL1: bigint
  readonly #now: () => number

  /** @param now - the clock that {@link makingMs} goes by */
  constructor(blockCount: number, now: () => number) {
    this.blockCount = blockCount
    this.#now = now
    this.#systemConfig = testSystemConfig({ batcherAddress: privateKeyToAddress(KEY) })
    const genesis = {
      l1: { hash: l1Hash(0n), number: 0n },
      l2: { hash: l2Hash(0n), number: 0n },
      l2Time: L1_TIME,
      systemConfig: this.#systemConfig,
    }
    this.config = testRollupConfig({ forks: forksUpTo('jovian'), seqWindowSize: 3_600n, genesis })
    this.#foreign = POOL.filter((tx) => tx[0] === 2).slice(0, FOREIGN_TXS)
    const channels = Math.ceil(blockCount / CHANNEL_BLOCKS)
    this.#lastL1 = this.#postedAt(channels - 1)
    const l2: L2BlockRef = {
      ...genesis.l2,
      parentHash: ZERO_HASH,
      timestamp: L1_TIME,
      l1Origin: genesis.l1,
      sequenceNumber: 0n,
    }
    this.base = { l1Origin: this.#ref(0n), systemConfig: this.#systemConfig, l2 }
  }

  resetClock(): void {
    this.makingMs = 0
  }

  #ref(number: bigint): L1BlockRef {
    return {
      hash: l1Hash(number),
      number,
      parentHash: number === 0n ? ZERO_HASH : l1Hash(number - 1n),
      timestamp: L1_TIME + L1_SLOT * number,
    }
  }

  /** L1 origin of an L2 block: the newest L1 block that is not younger. */
  #originOf(l2Number: bigint): bigint {
    return (l2Number * BLOCK_TIME) / L1_SLOT
  }

  /** The L1 block with channel `index`: two after the last L1 origin in it. */
  #postedAt(index: number): bigint {
    const last = Math.min((index + 1) * CHANNEL_BLOCKS, this.blockCount)
    return this.#originOf(BigInt(last)) + 2n
  }

  /** The ref of the block that derived attributes make. */
  built({ parent, attributes }: AttributesWithParent): L2BlockRef {
    const number = parent.number + 1n
    const origin = this.#originOf(number)
    const isFirst = origin !== parent.l1Origin.number
    return {
      hash: l2Hash(number),
      number,
      parentHash: parent.hash,
      timestamp: attributes.timestamp,
      l1Origin: { hash: l1Hash(origin), number: origin },
      sequenceNumber: isFirst ? 0n : parent.sequenceNumber + 1n,
    }
  }

  async getBlockRefByNumber(number: bigint): Promise<L1BlockRef | null> {
    return number <= this.#lastL1 ? this.#ref(number) : null
  }

  async getBlockInfo(hash: Hash): Promise<L1BlockInfo | null> {
    const number = BigInt(`0x${hash.slice(4)}`)
    const blobs = { excessBlobGas: 0n, blobGasUsed: 0n, parentBeaconBlockRoot: hash }
    return {
      ...this.#ref(number),
      baseFee: 7n,
      mixHash: hash,
      transactionsRoot: hash,
      receiptsRoot: hash,
      logsBloom: '0x',
      ...blobs,
    }
  }

  async getReceipts(): Promise<readonly L1Receipt[]> {
    return []
  }

  async getTransactions(hash: Hash): Promise<readonly Uint8Array[]> {
    return this.#content(BigInt(`0x${hash.slice(4)}`)).transactions
  }

  async getBlobs(block: L1BlockRef, hashes: readonly IndexedBlobHash[]): Promise<readonly Uint8Array[]> {
    const { blobs } = this.#content(block.number)
    return hashes.map(({ hash }) => blobs.get(hash) as Uint8Array)
  }

  async getL2BlockRefByNumber(): Promise<L2BlockRef | null> {
    return null
  }

  async getL2BlockRefByHash(): Promise<L2BlockRef | null> {
    return null
  }

  async getL2Transactions(): Promise<{ id: BlockId; transactions: readonly Uint8Array[] } | null> {
    return null
  }

  async getSystemConfigByL2Hash(): Promise<SystemConfig> {
    return this.#systemConfig
  }

  #content(number: bigint): Content {
    const known = this.#contents.get(number)
    if (known) return known
    const started = this.#now()
    const content = this.#make(number)
    this.#contents.set(number, content)
    this.#contents.delete(number - 4n)
    this.makingMs += this.#now() - started
    return content
  }

  #make(number: bigint): Content {
    const transactions = [...this.#foreign]
    const blobs = new Map<Hash, Uint8Array>()
    const about = Number(((number - 2n) * L1_SLOT) / BLOCK_TIME / BigInt(CHANNEL_BLOCKS))
    for (let index = Math.max(0, about - 2); index <= about + 1; index++) {
      if (index * CHANNEL_BLOCKS >= this.blockCount || this.#postedAt(index) !== number) continue
      this.#post(index, transactions, blobs)
    }
    return { transactions, blobs }
  }

  #post(index: number, transactions: Uint8Array[], blobs: Map<Hash, Uint8Array>): void {
    const first = index * CHANNEL_BLOCKS + 1
    const last = Math.min(first + CHANNEL_BLOCKS - 1, this.blockCount)
    const batches: SingularBatch[] = []
    for (let n = first; n <= last; n++) {
      const number = BigInt(n)
      const epochNumber = this.#originOf(number)
      batches.push({
        parentHash: l2Hash(number - 1n),
        epochNumber,
        epochHash: l1Hash(epochNumber),
        timestamp: L1_TIME + BLOCK_TIME * number,
        transactions: Array.from(
          { length: TXS_PER_BLOCK },
          (_, i) => POOL[(n * TXS_PER_BLOCK + i * 7) % POOL.length] as Uint8Array,
        ),
      })
    }
    const isSpan = index % 4 !== 3
    const sequence = this.#originOf(BigInt(first)) === this.#originOf(BigInt(first - 1)) ? 1n : 0n
    const strings = isSpan ? [encodeSpanBatch(batches, this.config, sequence)] : batches.map(encodeSingularBatch)
    const content = concatBytes(...strings.map((string) => encodeRlp(string)))
    this.contentBytes += content.length
    const data = index % 2 === 0 ? compressChannel(content, 'brotli', 4) : compressChannel(content, 'zlib', 6)
    const isBlob = (index >> 1) % 2 === 0
    const frames: Frame[] = []
    for (let at = 0, n = 0; at < data.length; at += FRAME_SIZE, n++) {
      const id = numbered('', BigInt(index)).slice(-32)
      frames.push({
        channelId: `0x${id}`,
        number: n,
        data: data.subarray(at, at + FRAME_SIZE),
        isLast: at + FRAME_SIZE >= data.length,
      })
    }
    if (!isBlob) {
      for (const frame of frames) transactions.push(this.#tx(encodeBatcherTx([frame]), []))
      return
    }
    const hashes = frames.map((frame) => {
      const hash = fakeHash(`blob ${index} ${frame.number}`)
      blobs.set(hash, encodeBlob(encodeBatcherTx([frame])))
      return hash
    })
    transactions.push(this.#tx(new Uint8Array(0), hashes))
  }

  /** A signed batcher transaction. */
  #tx(input: Uint8Array, hashes: readonly Hash[]): Uint8Array {
    const type = hashes.length > 0 ? 3 : 2
    const fields = [
      900n,
      0n,
      1n,
      2n,
      21_000n,
      this.config.batchInboxAddress,
      0n,
      input,
      [],
      ...(type === 3 ? [3n, [...hashes]] : []),
    ]
    const signature = signHash(keccak256(encodeRlp(fields, type)), KEY)
    return encodeRlp(
      [...fields, BigInt(signature[64] as number), bytesToBigint(signature, 0, 32), bytesToBigint(signature, 32, 64)],
      type,
    )
  }
}
