import type { Hex } from '../primitives.ts'
import { encodeRlp } from '../rlp.ts'
import { ByteSink } from './byteSink.ts'
import { ChannelError } from './channelError.ts'
import { compressChannel } from './compress.ts'
import type { CompressionAlgorithm } from './compression.ts'
import { FRAME_MEMORY_OVERHEAD, FRAME_OVERHEAD_SIZE, MAX_FRAME_LEN } from './constants.ts'
import type { SpanBatchChain } from './derivedSpanBatch.ts'
import type { Frame } from './frame.ts'
import { encodeSingularBatch, type SingularBatch } from './singularBatch.ts'
import { SpanBatchBuilder } from './spanBatchBuilder.ts'

export type ChannelOutOptions = {
  /** 16 random bytes, never used before. */
  readonly id: Hex
  readonly batchType: 'singular' | 'span'
  readonly compression: CompressionAlgorithm
  /** zlib 0 to 9, brotli 0 to 11; the strongest when absent. */
  readonly level?: number
  readonly chain: SpanBatchChain
  /** `MAX_RLP_BYTES_PER_CHANNEL` at the time of the L1 block that will include the channel. */
  readonly maxRlpBytes: number
  /** Compressed bytes that the channel should not exceed; one single block may. */
  readonly targetBytes: number
}

/** A channel being written. */
export interface ChannelOut {
  readonly id: Hex
  readonly blockCount: number
  readonly txCount: number
  /** Uncompressed bytes. */
  readonly inputBytes: number
  /** What the channel would take now, compressed, estimated from above. */
  readonly estimatedBytes: number
  /** Whether the last {@link addBlock} was turned away: close the channel. */
  readonly full: boolean
  /**
   * Adds the next block; `false`: it does not fit, close this channel and put the block first into the next.
   *
   * @param sequenceNumber - of the block; counts for the first block of a span
   * @throws {ChannelError} `cannotEncode` when no channel could carry the block; the channel stays as it was
   */
  addBlock(batch: SingularBatch, sequenceNumber: bigint): boolean
  /** No more blocks; compresses what is there. Calling it again changes nothing. */
  close(): void
  /**
   * The channel cut into frames, the last one marked; closes the channel.
   *
   * @param maxFrameSize - bytes of a whole frame, its 23 bytes of overhead included
   * @throws {ChannelError} `cannotEncode` when the channel is empty or would have too many frames
   */
  frames(maxFrameSize: number): Frame[]
}

/** What holds the batches before they are compressed. */
type Content = {
  readonly size: number
  add(batch: SingularBatch, sequenceNumber: bigint): void
  removeLast(): void
  bytes(): Uint8Array
}

function singularContent(): Content {
  const sink = new ByteSink()
  let before = 0
  return {
    get size() {
      return sink.length
    },
    add(batch) {
      before = sink.length
      sink.push(encodeRlp(encodeSingularBatch(batch)))
    },
    removeLast: () => sink.truncate(before),
    bytes: () => sink.bytes,
  }
}

function spanContent(chain: SpanBatchChain): Content {
  const builder = new SpanBatchBuilder(chain)
  return {
    get size() {
      return builder.blockCount === 0 ? 0 : builder.byteLength + 5
    },
    add: (batch, sequenceNumber) => builder.append(batch, sequenceNumber),
    removeLast: () => builder.removeLast(),
    bytes: () => encodeRlp(builder.encode()),
  }
}

/** What `length` bytes take when they do not compress: the headers of the stream and of its stored blocks besides. */
const packedBound = (length: number) => (length === 0 ? 0 : length + 16 + 5 * Math.ceil(length / 16_000))

/**
 * Starts a channel.
 *
 * Its size is estimated as the last compressed size plus all that came since, uncompressed; only when that passes the
 * target is the whole compressed again. A channel of more than one block therefore never exceeds the target.
 *
 * @see specs/protocol/derivation.md#channel-format
 */
export function createChannelOut(options: ChannelOutOptions): ChannelOut {
  const { id, maxRlpBytes, targetBytes } = options
  const content = options.batchType === 'span' ? spanContent(options.chain) : singularContent()
  let blockCount = 0
  let txCount = 0
  let full = false
  let compressed: Uint8Array | null = null
  let compressedSize = 0
  let compressedInput = 0
  let closed = false

  const compress = (): Uint8Array => {
    if (!compressed) {
      compressed = compressChannel(content.bytes(), options.compression, options.level)
      compressedSize = compressed.length
      compressedInput = content.size
    }
    return compressed
  }

  return {
    id,
    get blockCount() {
      return blockCount
    },
    get txCount() {
      return txCount
    },
    get inputBytes() {
      return content.size
    },
    get estimatedBytes() {
      return compressedSize + packedBound(content.size - compressedInput)
    },
    get full() {
      return full
    },
    addBlock(batch, sequenceNumber) {
      if (closed || full) return false
      const before = { compressed, compressedSize, compressedInput }
      content.add(batch, sequenceNumber)
      compressed = null
      const turnAway = (): false => {
        content.removeLast()
        ;({ compressed, compressedSize, compressedInput } = before)
        full = blockCount > 0
        return false
      }
      if (content.size > maxRlpBytes) {
        const { size } = content
        turnAway()
        if (full) return false
        const reason = `a block of ${size} bytes exceeds the ${maxRlpBytes} of a channel`
        throw new ChannelError('cannotEncode', { at: 0, rule: 'BAT-014', reason })
      }
      if (blockCount > 0 && this.estimatedBytes > targetBytes && compress().length > targetBytes) return turnAway()
      blockCount++
      txCount += batch.transactions.length
      return true
    },
    close() {
      if (closed) return
      closed = true
      if (blockCount > 0) compress()
    },
    frames(maxFrameSize) {
      this.close()
      const bad = (rule: string, reason: string) => new ChannelError('cannotEncode', { at: 0, rule, reason })
      if (blockCount === 0) throw bad('BAT-006', 'the channel has no block')
      const data = compress()
      const step = Math.min(maxFrameSize - FRAME_OVERHEAD_SIZE, MAX_FRAME_LEN)
      if (step < 1) throw bad('BAT-007', `frames of ${maxFrameSize} bytes have no room for data`)
      const count = Math.ceil(data.length / step)
      if (count > 65_536) throw bad('BAT-007', `${count} frames`)
      if (data.length + FRAME_MEMORY_OVERHEAD * count > maxRlpBytes) {
        throw bad('BAT-013', `${data.length} bytes in ${count} frames exceed ${maxRlpBytes}`)
      }
      return Array.from({ length: count }, (_, number) => ({
        channelId: id,
        number,
        data: data.subarray(number * step, (number + 1) * step),
        isLast: number === count - 1,
      }))
    },
  }
}
