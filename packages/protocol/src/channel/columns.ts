import { ByteSink } from './byteSink.ts'
import { ChannelError } from './channelError.ts'

/**
 * Reads the columns of a span batch: fixed runs of bytes, bitlists, unsigned base-128 integers. Never copies.
 *
 * Every read throws {@link ChannelError} `badSpanBatch` when the bytes do not have what is asked for.
 */
export class ColumnReader {
  readonly bytes: Uint8Array
  /** Offset of the next byte. */
  at: number
  /** The upper 32 bits of the integer read last by {@link uvarint}. */
  high = 0

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  fail(rule: string, reason: string, at = this.at): ChannelError {
    return new ChannelError('badSpanBatch', { at, rule, reason })
  }

  /** The next `length` bytes as a view. */
  take(length: number, rule: string, what: string): Uint8Array {
    if (length > this.left) throw this.fail(rule, `${what}: ${length} bytes needed, ${this.left} there`)
    const view = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return view
  }

  /**
   * The next integer: its lower 32 bits are returned, the upper ones are in {@link high}. At most ten bytes and 64
   * bits; encodings that are longer than they need be are accepted, as op-node does.
   *
   * @see specs/protocol/delta/span-batches.md#span-batch-format
   */
  uvarint(what: string): number {
    const { bytes } = this
    const first = bytes[this.at]
    if (first !== undefined && first < 0x80) {
      this.at++
      this.high = 0
      return first
    }
    let low = 0
    let high = 0
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.at + i]
      if (byte === undefined) throw this.fail('DER-121', `${what}: the integer is cut short`)
      const group = byte & 0x7f
      if (i < 4) low |= group << (7 * i)
      else if (i === 4) {
        low |= group << 28
        high = group >>> 4
      } else high |= group << (7 * i - 32)
      if (byte < 0x80) {
        if (i === 9 && byte > 1) break
        this.at += i + 1
        this.high = high >>> 0
        return low >>> 0
      }
    }
    throw this.fail('DER-121', `${what}: the integer exceeds 64 bits`)
  }

  uvarintBigint(what: string): bigint {
    const low = this.uvarint(what)
    return this.high === 0 ? BigInt(low) : (BigInt(this.high) << 32n) | BigInt(low)
  }

  /** The next integer as a number, which must not exceed `max`. */
  count(max: number, rule: string, what: string): number {
    const start = this.at
    const low = this.uvarint(what)
    if (this.high !== 0 || low > max) {
      throw this.fail(rule, `${what} ${(BigInt(this.high) << 32n) | BigInt(low)} exceeds ${max}`, start)
    }
    return low
  }

  /** The next `length` bits: a big-endian integer padded on the left; bit 0 is the least significant. */
  bits(length: number, what: string): Bitlist {
    const start = this.at
    const bytes = this.take((length + 7) >> 3, 'DER-122', what)
    const spare = length & 7
    if (spare !== 0 && (bytes[0] as number) >> spare !== 0) {
      throw this.fail('DER-122', `${what}: a bit at or above ${length} is set`, start)
    }
    return { bytes, length }
  }
}

/** A span batch bitlist as it stands in the batch. */
export type Bitlist = { readonly bytes: Uint8Array; readonly length: number }

/** Bit `i` as 0 or 1. */
export function bitAt({ bytes }: Bitlist, i: number): 0 | 1 {
  return (((bytes[bytes.length - 1 - (i >> 3)] as number) >> (i & 7)) & 1) as 0 | 1
}

/** How many bits are set. */
export function countBits({ bytes }: Bitlist): number {
  let count = 0
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) count++
  return count
}

/** The bytes of a bitlist whose bit `i` is `bits[i]`. */
export function encodeBits(bits: readonly (0 | 1)[]): Uint8Array {
  const bytes = new Uint8Array((bits.length + 7) >> 3)
  for (let i = 0; i < bits.length; i++) {
    const at = bytes.length - 1 - (i >> 3)
    bytes[at] = (bytes[at] as number) | ((bits[i] as number) << (i & 7))
  }
  return bytes
}

/**
 * An unsigned 64-bit integer in base 128, least group first, in its shortest form.
 *
 * @see specs/protocol/delta/span-batches.md#span-batch-format
 */
export function encodeUvarint(value: bigint): Uint8Array {
  const sink = new ByteSink()
  sink.pushUvarint(value)
  return sink.bytes.slice()
}

/** One integer at `offset` and the offset after it. @throws {ChannelError} `badSpanBatch` */
export function decodeUvarint(bytes: Uint8Array, offset = 0): { value: bigint; end: number } {
  const reader = new ColumnReader(bytes, offset)
  const value = reader.uvarintBigint('integer')
  return { value, end: reader.at }
}
