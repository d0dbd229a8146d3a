import { ByteSink } from './byteSink.ts'
import type { ByteSource, StreamEnd } from './byteSource.ts'

/** The unpacked content of a channel, read from its start. */
export interface ChannelContent {
  /** Whether another byte can be read. */
  hasMore(): boolean
  /** The next byte, or -1. */
  byte(): number
  /** The next `size` bytes, or `null` when they are not all to be had. */
  take(size: number): Uint8Array | null
  readonly bytesRead: number
  /** No fewer than were read. */
  readonly bytesUnpacked: number
  /** How the stream ended, as far as that is known. */
  readonly end: StreamEnd
}

/** Content that was unpacked at once. What is taken is a view of it. */
export class WholeContent implements ChannelContent {
  readonly #bytes: Uint8Array
  bytesRead = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get bytesUnpacked(): number {
    return this.#bytes.length
  }

  get end(): StreamEnd {
    return this.hasMore() ? null : 'complete'
  }

  hasMore(): boolean {
    return this.bytesRead < this.#bytes.length
  }

  byte(): number {
    return this.#bytes[this.bytesRead++] ?? -1
  }

  take(size: number): Uint8Array | null {
    const from = this.bytesRead
    this.bytesRead = Math.min(from + size, this.#bytes.length)
    return this.bytesRead - from === size ? this.#bytes.subarray(from, this.bytesRead) : null
  }
}

/** The buffer that op-node reads through. */
const BUFFER_SIZE = 4_096

/**
 * Content that is unpacked as it is read, in the same reads as op-node makes: small ones through a buffer, while the
 * rest of a batch that is no smaller than the buffer is read past it. Such a read is lost when it also tells of an
 * error, even if it has brought all that was asked for.
 *
 * @see Go, bufio.Reader.Read · go-ethereum, rlp.Stream.readFull
 */
export class StreamedContent implements ChannelContent {
  readonly #source: ByteSource
  readonly #buffer = new ByteSink()
  #at = 0
  bytesRead = 0
  bytesUnpacked = 0

  constructor(source: ByteSource) {
    this.#source = source
  }

  get end(): StreamEnd {
    return this.#at < this.#buffer.length ? null : this.#source.end
  }

  hasMore(): boolean {
    while (this.#at === this.#buffer.length) {
      if (this.#source.end !== null) return false
      this.#buffer.truncate(0)
      this.#at = 0
      this.bytesUnpacked += this.#source.read(this.#buffer, BUFFER_SIZE)
    }
    return true
  }

  byte(): number {
    if (!this.hasMore()) return -1
    this.bytesRead++
    return this.#buffer.bytes[this.#at++] as number
  }

  take(size: number): Uint8Array | null {
    const taken = new ByteSink(size)
    const before = this.bytesRead
    while (taken.length < size) {
      const rest = size - taken.length
      const isRead =
        this.#at === this.#buffer.length && rest >= BUFFER_SIZE ? this.#readPast(taken, rest) : this.hasMore()
      const buffered = this.#buffer.bytes.subarray(this.#at, this.#at + size - taken.length)
      taken.push(buffered)
      this.#at += buffered.length
      this.bytesRead = before + taken.length
      if (!isRead) return null
    }
    return taken.bytes
  }

  #readPast(taken: ByteSink, size: number): boolean {
    if (this.#source.end !== null) return false
    this.bytesUnpacked += this.#source.read(taken, size)
    return this.#source.end === null || this.#source.end === 'complete'
  }
}
