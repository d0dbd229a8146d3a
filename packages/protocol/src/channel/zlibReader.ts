import type { ByteSink } from './byteSink.ts'
import type { ByteSource, StreamEnd } from './byteSource.ts'
import { Inflater } from './inflate.ts'

const HEADER_LENGTH = 2

/** Unpacks a zlib stream (RFC 1950) whose header has been looked at, and compares its checksum. */
export class ZlibReader implements ByteSource {
  readonly #input: Uint8Array
  readonly #inflater: Inflater
  #sum = 1
  #end: StreamEnd = null

  constructor(input: Uint8Array) {
    this.#input = input
    this.#inflater = new Inflater(input, HEADER_LENGTH)
  }

  get end(): StreamEnd {
    return this.#end
  }

  read(sink: ByteSink, size: number): number {
    const count = this.#inflater.read(sink, size)
    this.#sum = adler32(sink.bytes.subarray(sink.length - count), this.#sum)
    this.#end = this.#inflater.end === 'complete' ? this.#checkSum() : this.#inflater.end
    return count
  }

  #checkSum(): StreamEnd {
    const at = this.#inflater.position
    if (at + 4 > this.#input.length) return 'truncated'
    const { buffer, byteOffset } = this.#input
    return new DataView(buffer, byteOffset + at).getUint32(0) === this.#sum ? 'complete' : 'badChecksum'
  }
}

/** The checksum of a zlib stream over its content. */
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
