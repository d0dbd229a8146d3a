import { ChannelError } from './channelError.ts'
import { type ChannelReaderOptions, ChannelStrings } from './channelStrings.ts'
import type { CompressionAlgorithm } from './compression.ts'
import { SINGULAR_BATCH_TYPE, SPAN_BATCH_TYPE } from './constants.ts'
import { decodeSingularBatch, type SingularBatch } from './singularBatch.ts'
import { decodeSpanBatch, type RawSpanBatch } from './spanBatch.ts'

export type { ChannelReaderOptions }

/** One batch of a channel. `at` and `size` place its bytes (version byte and all) in the unpacked channel. */
export type ChannelBatch =
  | { readonly type: 'singular'; readonly batch: SingularBatch; readonly at: number; readonly size: number }
  | { readonly type: 'span'; readonly batch: RawSpanBatch; readonly at: number; readonly size: number }

/**
 * The batches of one channel, unpacked and decoded one at a time.
 *
 * Whatever ends the channel (its end, the limit, a broken stream, a malformed batch), the batches before it stand. The
 * transactions of a batch are views of its bytes.
 *
 * @see specs/protocol/derivation.md#channel-format
 */
export class ChannelBatches implements Iterable<ChannelBatch> {
  readonly #strings: ChannelStrings

  constructor(channel: Uint8Array, options: ChannelReaderOptions) {
    this.#strings = new ChannelStrings(channel, options)
  }

  /** `null` when the first byte names no compression that counts. */
  get compression(): CompressionAlgorithm | null {
    return this.#strings.compression
  }

  /** Why there is no further batch; `null` while there may be one. `complete`: the stream ended where it should. */
  get end(): ChannelError | 'complete' | null {
    return this.#strings.end
  }

  /** Bytes of the unpacked channel read so far. */
  get bytesRead(): number {
    return this.#strings.bytesRead
  }

  /** Bytes unpacked so far: no fewer than were read, and bounded by the limit and one piece. */
  get bytesUnpacked(): number {
    return this.#strings.bytesUnpacked
  }

  /** The next batch, or `null`: see {@link end}. */
  next(): ChannelBatch | null {
    const bytes = this.#strings.next()
    if (!bytes) return null
    try {
      return decodeBatch(bytes, this.bytesRead - bytes.length)
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      this.#strings.stop(error)
      return null
    }
  }

  *[Symbol.iterator](): Iterator<ChannelBatch> {
    for (let batch = this.next(); batch; batch = this.next()) yield batch
  }
}

function decodeBatch(bytes: Uint8Array, at: number): ChannelBatch {
  const type = bytes[0]
  if (type === SINGULAR_BATCH_TYPE) {
    return { type: 'singular', batch: decodeSingularBatch(bytes), at, size: bytes.length }
  }
  if (type === SPAN_BATCH_TYPE) return { type: 'span', batch: decodeSpanBatch(bytes), at, size: bytes.length }
  if (type === undefined) throw new ChannelError('emptyBatch', { at, rule: 'DER-109' })
  throw new ChannelError('unknownBatchType', { at, rule: 'DER-109', type })
}

/**
 * Reads the batches of a whole channel (the data of its frames in order) as a synchronous stream.
 *
 * `for (const { type, batch } of readChannelBatches(data, { maxRlpBytes, brotliAllowed })) …`
 *
 * Never unpacks far beyond `maxRlpBytes`. A stream that is broken, or unfolds to very much, is unpacked as it is read:
 * then one batch and one window of the decompressor are held.
 */
export function readChannelBatches(channel: Uint8Array, options: ChannelReaderOptions): ChannelBatches {
  return new ChannelBatches(channel, options)
}
