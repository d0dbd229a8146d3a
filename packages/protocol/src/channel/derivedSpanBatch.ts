import type { Hash, Hex } from '../primitives.ts'
import { encodeRlp } from '../rlp.ts'
import { ChannelError } from './channelError.ts'
import { bitAt, countBits } from './columns.ts'
import type { RawSpanBatch } from './spanBatch.ts'
import { type ChainEncoding, layOutSpanTxs, rebuildSpanTxs, type SpanTxLayout } from './spanTx.ts'

/** What a span batch leaves out because the chain knows it; a `RollupConfig` has it. */
export type SpanBatchChain = {
  readonly genesis: { readonly l2Time: bigint }
  readonly blockTime: bigint
  readonly l2ChainId: bigint
}

/**
 * A span batch with the chain's constants filled in: what derivation judges and takes blocks from. Nothing is rebuilt
 * before {@link SpanBatch.blockTransactions} asks for it.
 */
export class SpanBatch {
  readonly raw: RawSpanBatch
  /** Of the first block, in seconds. */
  readonly timestamp: bigint
  /** L1 origin of the first block. */
  readonly startEpochNumber: bigint
  /** L1 origin of the last block. */
  readonly endEpochNumber: bigint
  readonly #layout: SpanTxLayout
  readonly #chain: ChainEncoding
  readonly #blockTime: bigint
  /** Origin changes after block i; built when first asked for. */
  #epochsBelowEnd: Uint32Array | null = null
  /** Index of each block's first transaction; built when first asked for. */
  #firstTx: Uint32Array | null = null

  constructor(raw: RawSpanBatch, layout: SpanTxLayout, chain: SpanBatchChain) {
    const { l2ChainId } = chain
    this.raw = raw
    this.#layout = layout
    this.#blockTime = chain.blockTime
    this.#chain = {
      chainId: encodeRlp(l2ChainId),
      protectedV: [encodeRlp(2n * l2ChainId + 35n), encodeRlp(2n * l2ChainId + 36n)],
    }
    this.timestamp = BigInt.asUintN(64, chain.genesis.l2Time + raw.relTimestamp)
    this.endEpochNumber = raw.l1OriginNumber
    const changes = countBits(raw.originBits) - bitAt(raw.originBits, 0)
    this.startEpochNumber = BigInt.asUintN(64, raw.l1OriginNumber - BigInt(changes))
  }

  get blockCount(): number {
    return this.raw.blockCount
  }

  get txCount(): number {
    return this.raw.txs.count
  }

  get parentCheck(): Hex {
    return this.raw.parentCheck
  }

  get l1OriginCheck(): Hex {
    return this.raw.l1OriginCheck
  }

  /** Whether `parent` is the block that the span builds on, as far as 20 bytes of its hash tell. */
  checkParentHash(parent: Hash): boolean {
    return parent.startsWith(this.raw.parentCheck)
  }

  /** Whether `origin` is the L1 origin of the last block, as far as 20 bytes of its hash tell. */
  checkOriginHash(origin: Hash): boolean {
    return origin.startsWith(this.raw.l1OriginCheck)
  }

  /** Seconds. */
  blockTimestamp(index: number): bigint {
    return BigInt.asUintN(64, this.timestamp + this.#blockTime * BigInt(index))
  }

  /** Number of the L1 origin of block `index`. */
  blockEpochNumber(index: number): bigint {
    this.#epochsBelowEnd ??= epochsBelowEnd(this.raw)
    return BigInt.asUintN(64, this.endEpochNumber - BigInt(this.#epochsBelowEnd[index] as number))
  }

  blockTxCount(index: number): number {
    return this.raw.blockTxCounts[index] as number
  }

  /** The types of a block's transactions, a view; nothing is rebuilt. */
  blockTxTypes(index: number): Uint8Array {
    const first = this.#firstTxOf(index)
    return this.raw.txs.types.subarray(first, first + this.blockTxCount(index))
  }

  /** A block's transactions as EIP-2718 encodings, rebuilt on each call; they share one array. */
  blockTransactions(index: number): Uint8Array[] {
    const first = this.#firstTxOf(index)
    return rebuildSpanTxs(this.raw.txs, this.#layout, this.#chain, first, first + this.blockTxCount(index))
  }

  #firstTxOf(index: number): number {
    if (!this.#firstTx) {
      const counts = this.raw.blockTxCounts
      this.#firstTx = new Uint32Array(counts.length)
      for (let i = 1; i < counts.length; i++) {
        this.#firstTx[i] = (this.#firstTx[i - 1] as number) + (counts[i - 1] as number)
      }
    }
    return this.#firstTx[index] as number
  }
}

function epochsBelowEnd({ blockCount, originBits }: RawSpanBatch): Uint32Array {
  const below = new Uint32Array(blockCount)
  for (let i = blockCount - 1; i > 0; i--) below[i - 1] = (below[i] as number) + bitAt(originBits, i)
  return below
}

/**
 * Fills in the chain's constants and checks that every transaction can be rebuilt.
 *
 * @returns the batch, or why it must be skipped (`badSpanTransaction`)
 * @see specs/protocol/delta/span-batches.md#how-derivation-works-with-span-batches
 */
export function deriveSpanBatch(raw: RawSpanBatch, chain: SpanBatchChain): SpanBatch | ChannelError {
  try {
    return new SpanBatch(raw, layOutSpanTxs(raw.txs), chain)
  } catch (error) {
    if (error instanceof ChannelError) return error
    throw error
  }
}
