import { compression } from '#compression'
import { ChannelError } from './channelError.ts'
import type { CompressionAlgorithm, Decompressor } from './compression.ts'
import { CHANNEL_VERSION_BROTLI, SINGULAR_BATCH_TYPE, SPAN_BATCH_TYPE } from './constants.ts'
import { decodeSingularBatch, type SingularBatch } from './singularBatch.ts'
import { decodeSpanBatch, type RawSpanBatch } from './spanBatch.ts'

export type ChannelReaderOptions = {
  /** `MAX_RLP_BYTES_PER_CHANNEL` at the time of the L1 block being read. */
  readonly maxRlpBytes: number
  /** Whether Fjord is active at the time of the L1 block being read. */
  readonly brotliAllowed: boolean
  /** Also compare the zlib checksum, which derivation has no use for: all that it covers was read before it. */
  readonly verifyChecksum?: boolean
}

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
  /** `null` when the first byte names no compression that counts. */
  readonly compression: CompressionAlgorithm | null
  readonly #limit: number
  readonly #input: Uint8Array
  #source: Decompressor | null = null
  #piece: Uint8Array = NOTHING
  #unpacked = 0
  #at = 0
  /** Bytes of the unpacked channel before `#piece`. */
  #before = 0
  #end: ChannelError | 'complete' | null = null
  /** Checksum of what was unpacked, when it is asked for. */
  #sum: number | null

  constructor(channel: Uint8Array, options: ChannelReaderOptions) {
    this.#input = channel
    this.#limit = options.maxRlpBytes
    this.#sum = options.verifyChecksum ? 1 : null
    const opened = openChannel(channel, options)
    if (opened instanceof ChannelError) {
      this.compression = null
      this.#end = opened
    } else {
      this.compression = opened.algorithm
      this.#source = opened.source
    }
  }

  /** Why there is no further batch; `null` while there may be one. `complete`: the stream ended where it should. */
  get end(): ChannelError | 'complete' | null {
    return this.#end
  }

  /** Bytes of the unpacked channel read so far. */
  get bytesRead(): number {
    return this.#before + this.#at
  }

  /** Bytes unpacked so far: no fewer than were read, and bounded by the limit and one piece. */
  get bytesUnpacked(): number {
    return this.#unpacked
  }

  /** The next batch, or `null`: see {@link end}. */
  next(): ChannelBatch | null {
    if (this.#end !== null) return null
    try {
      const bytes = this.#nextString()
      if (!bytes) return null
      const at = this.bytesRead - bytes.length
      const type = bytes[0]
      if (type === SINGULAR_BATCH_TYPE) {
        return { type: 'singular', batch: decodeSingularBatch(bytes), at, size: bytes.length }
      }
      if (type === SPAN_BATCH_TYPE) return { type: 'span', batch: decodeSpanBatch(bytes), at, size: bytes.length }
      if (type === undefined) throw new ChannelError('emptyBatch', { at, rule: 'DER-109' })
      throw new ChannelError('unknownBatchType', { at, rule: 'DER-109', type })
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      this.#stop(error)
      return null
    }
  }

  *[Symbol.iterator](): Iterator<ChannelBatch> {
    for (let batch = this.next(); batch; batch = this.next()) yield batch
  }

  #stop(end: ChannelError | 'complete'): void {
    this.#end = end
    this.#source?.close()
    this.#source = null
    this.#piece = NOTHING
    this.#before += this.#at
    this.#at = 0
  }

  /** Makes the next byte available; `false` when the stream has ended. */
  #fill(): boolean {
    while (this.#at === this.#piece.length) {
      const piece = this.#source?.pull() ?? null
      if (!piece) return false
      if (this.#sum !== null) this.#sum = adler32(piece, this.#sum)
      this.#unpacked += piece.length
      this.#before += this.#at
      this.#piece = piece
      this.#at = 0
    }
    return true
  }

  #byte(): number {
    if (this.bytesRead >= this.#limit) throw this.#clipped()
    if (!this.#fill()) throw this.#broken(true) ?? this.#cutShort(1, 0)
    return this.#piece[this.#at++] as number
  }

  /** The content of the next RLP string, or `null` with the end set. */
  #nextString(): Uint8Array | null {
    if (!this.#fill()) {
      this.#stop(this.#broken(false) ?? 'complete')
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
    const bytes = this.#take(size)
    if (size === 1 && (bytes[0] as number) < 0x80) throw bad('a byte below 0x80 with a header')
    return bytes
  }

  /** The next `size` bytes: a view where one piece holds them all, else gathered. */
  #take(size: number): Uint8Array {
    if (size <= this.#piece.length - this.#at && this.#source?.end !== null) {
      const view = this.#piece.subarray(this.#at, this.#at + size)
      this.#at += size
      return view
    }
    // A size is only a claim: memory for all of it is taken when a part of it has come.
    let gathered = new Uint8Array(Math.min(size, GATHER_FIRST))
    let have = 0
    while (have < size) {
      if (!this.#fill()) throw this.#broken(true) ?? this.#cutShort(size, have)
      if (have === gathered.length) {
        const whole = new Uint8Array(size)
        whole.set(gathered)
        gathered = whole
      }
      const count = Math.min(gathered.length - have, this.#piece.length - this.#at)
      gathered.set(this.#piece.subarray(this.#at, this.#at + count), have)
      this.#at += count
      have += count
    }
    return gathered
  }

  #clipped(): ChannelError {
    return new ChannelError('clipped', { at: this.#limit, rule: 'DER-105', limit: this.#limit })
  }

  #cutShort(need: number, have: number): ChannelError {
    return new ChannelError('batchTruncated', { at: this.bytesRead, rule: 'DER-107', need, have })
  }

  /** What is wrong with the stream that ended here, if anything is. */
  #broken(inBatch: boolean): ChannelError | null {
    const source = this.#source
    const at = this.bytesRead
    if (!source || source.end === null) return null
    if (source.end === 'truncated') return new ChannelError('truncatedStream', { at, rule: 'DER-106', inBatch })
    if (source.end !== 'complete')
      return new ChannelError('corruptStream', { at, rule: 'DER-106', reason: source.end.corrupt })
    if (this.compression !== 'zlib' || source.consumed === null) return null
    const checksumAt = source.consumed + 2
    if (checksumAt + 4 > this.#input.length)
      return new ChannelError('truncatedStream', { at, rule: 'DER-106', inBatch })
    if (this.#sum === null) return null
    const checksum = new DataView(this.#input.buffer, this.#input.byteOffset + checksumAt, 4).getUint32(0)
    return checksum === this.#sum ? null : new ChannelError('badChecksum', { at: checksumAt, rule: 'DER-106' })
  }
}

const NOTHING = new Uint8Array(0)
const GATHER_FIRST = 4 * 1024 * 1024

function openChannel(
  channel: Uint8Array,
  { maxRlpBytes, brotliAllowed }: ChannelReaderOptions,
): { algorithm: CompressionAlgorithm; source: Decompressor } | ChannelError {
  const first = channel[0]
  if (first === undefined) return new ChannelError('emptyChannel', { at: 0, rule: 'DER-108' })
  const method = first & 0x0f
  if (method === 8 || method === 15) {
    const header = zlibHeaderError(channel)
    if (header) return header
    return { algorithm: 'zlib', source: compression.inflateRaw(channel.subarray(2), maxRlpBytes) }
  }
  if (first !== CHANNEL_VERSION_BROTLI)
    return new ChannelError('unknownCompression', { at: 0, rule: 'DER-103', byte: first })
  if (!brotliAllowed) return new ChannelError('brotliBeforeFjord', { at: 0, rule: 'DER-104' })
  return { algorithm: 'brotli', source: compression.decompressBrotli(channel.subarray(1), maxRlpBytes) }
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

/**
 * Reads the batches of a whole channel (the data of its frames in order) as a synchronous stream.
 *
 * `for (const { type, batch } of readChannelBatches(data, { maxRlpBytes, brotliAllowed })) …`
 *
 * Holds at most one batch and one window of the decompressor, and never unpacks far beyond `maxRlpBytes`. In a page,
 * `initCompression()` must have been awaited before a brotli channel is read.
 */
export function readChannelBatches(channel: Uint8Array, options: ChannelReaderOptions): ChannelBatches {
  return new ChannelBatches(channel, options)
}

/** The zlib checksum over the unpacked content (RFC 1950). It has no say in derivation: what it covers came before it. */
export function adler32(bytes: Uint8Array, start = 1): number {
  let a = start & 0xffff
  let b = start >>> 16
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + 3_800, bytes.length)
    for (; at < end; at++) {
      a += bytes[at] as number
      b += a
    }
    a %= 65_521
    b %= 65_521
  }
  return ((b << 16) | a) >>> 0
}
