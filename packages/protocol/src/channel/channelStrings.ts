import { compression } from '#compression'
import { BrotliReader } from './brotli/brotliReader.ts'
import { type ChannelContent, StreamedContent, WholeContent } from './channelContent.ts'
import { ChannelError } from './channelError.ts'
import type { CompressionAlgorithm } from './compression.ts'
import { CHANNEL_VERSION_BROTLI } from './constants.ts'
import { ZlibReader } from './zlibReader.ts'

export type ChannelReaderOptions = {
  /** `MAX_RLP_BYTES_PER_CHANNEL` at the time of the L1 block being read. */
  readonly maxRlpBytes: number
  /** Whether Fjord is active at the time of the L1 block being read. */
  readonly brotliAllowed: boolean
}

/**
 * The RLP strings of a channel, one for each batch, as op-node reads them: unpacked no further than it is read, and cut
 * off where op-node loses what follows.
 *
 * @see specs/protocol/derivation.md#channel-format · go-ethereum, rlp.Stream
 */
export class ChannelStrings {
  /** `null` when the first byte names no compression that counts. */
  readonly compression: CompressionAlgorithm | null
  readonly #limit: number
  readonly #content: ChannelContent
  #end: ChannelError | 'complete' | null = null

  constructor(channel: Uint8Array, options: ChannelReaderOptions) {
    this.#limit = options.maxRlpBytes
    const algorithm = algorithmOf(channel, options)
    if (algorithm instanceof ChannelError) {
      this.compression = null
      this.#content = new WholeContent(new Uint8Array(0))
      this.#end = algorithm
    } else {
      this.compression = algorithm
      this.#content = contentOf(channel, algorithm, this.#limit)
    }
  }

  /** Why there is no further string; `null` while there may be one. `complete`: the stream ended where it should. */
  get end(): ChannelError | 'complete' | null {
    return this.#end
  }

  /** Bytes of the unpacked channel read so far. */
  get bytesRead(): number {
    return this.#content.bytesRead
  }

  /** Bytes unpacked so far: no fewer than were read. */
  get bytesUnpacked(): number {
    return this.#content.bytesUnpacked
  }

  /** The content of the next string, or `null`: see {@link end}. */
  next(): Uint8Array | null {
    if (this.#end !== null) return null
    try {
      return this.#read()
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      this.stop(error)
      return null
    }
  }

  /** Ends the channel here. */
  stop(end: ChannelError | 'complete'): void {
    this.#end = end
  }

  #read(): Uint8Array | null {
    if (!this.#content.hasMore()) {
      this.stop(this.#broken(false) ?? 'complete')
      return null
    }
    const start = this.bytesRead
    const first = this.#byte()
    const bad = (reason: string) => new ChannelError('badBatchRlp', { at: start, rule: 'DER-107', reason })
    if (first < 0x80) return Uint8Array.of(first)
    if (first >= 0xc0) throw bad('a list')
    let size = first - 0x80
    if (size > 55) {
      const length = size - 55
      size = 0
      for (let i = 0; i < length; i++) {
        const byte = this.#byte()
        if (i === 0 && byte === 0) throw bad('the length has a leading zero')
        size = size * 256 + byte
      }
      if (size < 56) throw bad('the length is not in shortest form')
    }
    const left = this.#limit - this.bytesRead
    if (size > left) throw new ChannelError('batchTooLarge', { at: start, rule: 'DER-105', size, left })
    const from = this.bytesRead
    const bytes = this.#content.take(size)
    if (!bytes) throw this.#broken(true) ?? this.#cutShort(size, this.bytesRead - from)
    if (size === 1 && (bytes[0] as number) < 0x80) throw bad('a byte below 0x80 with a header')
    return bytes
  }

  #byte(): number {
    const limit = this.#limit
    if (this.bytesRead >= limit) throw new ChannelError('clipped', { at: limit, rule: 'DER-105', limit })
    const byte = this.#content.byte()
    if (byte < 0) throw this.#broken(true) ?? this.#cutShort(1, 0)
    return byte
  }

  #cutShort(need: number, have: number): ChannelError {
    return new ChannelError('batchTruncated', { at: this.bytesRead, rule: 'DER-107', need, have })
  }

  /** What is wrong with the stream that ended here, if anything is. */
  #broken(inBatch: boolean): ChannelError | null {
    const { end } = this.#content
    const where = { at: this.bytesRead, rule: 'DER-106' }
    if (end === null || end === 'complete') return null
    if (end === 'truncated') return new ChannelError('truncatedStream', { ...where, inBatch })
    if (end === 'badChecksum') return new ChannelError('badChecksum', where)
    return new ChannelError('corruptStream', { ...where, reason: end.corrupt })
  }
}

function algorithmOf(
  channel: Uint8Array,
  { brotliAllowed }: ChannelReaderOptions,
): CompressionAlgorithm | ChannelError {
  const first = channel[0]
  if (first === undefined) return new ChannelError('emptyChannel', { at: 0, rule: 'DER-108' })
  const method = first & 0x0f
  if (method === 8 || method === 15) return zlibHeaderError(channel) ?? 'zlib'
  if (first !== CHANNEL_VERSION_BROTLI)
    return new ChannelError('unknownCompression', { at: 0, rule: 'DER-103', byte: first })
  return brotliAllowed ? 'brotli' : new ChannelError('brotliBeforeFjord', { at: 0, rule: 'DER-104' })
}

/** RFC 1950: method 8, window at most 32 KiB, header divisible by 31, no dictionary. */
function zlibHeaderError(channel: Uint8Array): ChannelError | null {
  const first = channel[0] as number
  const second = channel[1]
  if (second === undefined) return new ChannelError('truncatedStream', { at: 0, rule: 'DER-106', inBatch: true })
  const bad = (reason: string) => new ChannelError('corruptStream', { at: 0, rule: 'DER-100', reason })
  if ((first & 0x0f) !== 8 || first >> 4 > 7) return bad(`zlib method and window ${first}`)
  if (((first << 8) | second) % 31 !== 0) return bad('zlib header check')
  if (second & 0x20) return bad('zlib with a dictionary')
  return null
}

/** A good stream is unpacked at once where the platform can; any other as it is read, in op-node's way. */
function contentOf(channel: Uint8Array, algorithm: CompressionAlgorithm, limit: number): ChannelContent {
  if (algorithm === 'zlib') {
    const whole = compression.unzlib(channel, limit)
    return whole ? new WholeContent(whole) : new StreamedContent(new ZlibReader(channel))
  }
  const stream = channel.subarray(1)
  const whole = compression.unbrotli(stream, limit)
  return whole ? new WholeContent(whole) : new StreamedContent(new BrotliReader(stream))
}
