import { CodecError } from './codecError.ts'
import type { Hex } from './primitives.ts'

type NodeBuffer = {
  from(data: ArrayBufferLike, offset: number, length: number): { toString(encoding: 'hex'): string }
  from(text: string, encoding: 'hex'): Uint8Array
}
/** Node's Buffer, where there is one: native hex for long values. */
const buffer = (globalThis as { Buffer?: NodeBuffer }).Buffer

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
/** Value of a hex digit by char code; 255 for everything else. */
const NIBBLE = new Uint8Array(128).fill(255)
for (let i = 0; i < 16; i++) {
  NIBBLE[i.toString(16).charCodeAt(0)] = i
  NIBBLE[i.toString(16).toUpperCase().charCodeAt(0)] = i
}

/** What no hex digit is, and Node takes for one by its low byte. */
const ABOVE_LATIN_1 = /[\u0100-\uffff]/

/** Below this length the tables beat the call into the runtime. */
const NATIVE_FROM = 64

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0)

/** `0x` and two lower-case digits per byte. */
export function bytesToHex(bytes: Uint8Array): Hex {
  if (buffer && bytes.length >= NATIVE_FROM) {
    return `0x${buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
  }
  let text = '0x'
  for (let i = 0; i < bytes.length; i++) text += HEX_OF_BYTE[bytes[i] as number]
  return text as Hex
}

/**
 * Reads `0x` and an even number of hex digits of either case.
 *
 * @throws {CodecError} `badHex`
 */
export function hexToBytes(hex: string): Uint8Array {
  const length = (hex.length - 2) >> 1
  if (hex.length < 2 || hex.length % 2 !== 0 || hex.charCodeAt(0) !== 48 || (hex.charCodeAt(1) | 32) !== 120) {
    throw new CodecError('badHex', { text: hex.slice(0, 80) })
  }
  if (buffer && length >= NATIVE_FROM) {
    // Buffer.from stops at the first bad digit, which the length shows, but looks only at the low byte of a character
    // above Latin-1. The copy leaves the shared pool.
    const bytes = buffer.from(hex.slice(2), 'hex')
    if (bytes.length !== length || ABOVE_LATIN_1.test(hex)) throw new CodecError('badHex', { text: hex.slice(0, 80) })
    return new Uint8Array(bytes)
  }
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const high = NIBBLE[hex.charCodeAt(2 + 2 * i)] ?? 255
    const low = NIBBLE[hex.charCodeAt(3 + 2 * i)] ?? 255
    if ((high | low) === 255) throw new CodecError('badHex', { text: hex.slice(0, 80) })
    bytes[i] = (high << 4) | low
  }
  return bytes
}

/** One new array with all parts, in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Whether both hold the same bytes. Not constant time. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Order as unsigned bytes, shorter first among equal prefixes. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** How many bytes `value` takes without leading zeros; 0 for zero. */
export function bigintByteLength(value: bigint): number {
  if (value < 0x1_0000_0000n) {
    const small = Number(value)
    return small === 0 ? 0 : small < 0x100 ? 1 : small < 0x1_0000 ? 2 : small < 0x100_0000 ? 3 : 4
  }
  return (value.toString(16).length + 1) >> 1
}

/** Writes the low `length` bytes of `value`, big endian. */
export function writeBigint(target: Uint8Array, at: number, value: bigint, length: number): void {
  let rest = value
  let end = at + length
  while (end - at >= 4 && rest > 0xffff_ffffn) {
    const word = Number(rest & 0xffff_ffffn)
    target[--end] = word & 0xff
    target[--end] = (word >>> 8) & 0xff
    target[--end] = (word >>> 16) & 0xff
    target[--end] = word >>> 24
    rest >>= 32n
  }
  let small = Number(rest & 0xffff_ffffn)
  while (end > at) {
    target[--end] = small & 0xff
    small >>>= 8
  }
}

/**
 * Big endian. Without `length`: no leading zeros, so zero gives no byte. With it: padded on the left.
 *
 * @throws {RangeError} when `value` is negative or does not fit
 */
export function bigintToBytes(value: bigint, length?: number): Uint8Array {
  if (value < 0n) throw new RangeError(`${value} is negative`)
  const needed = bigintByteLength(value)
  if (length !== undefined && needed > length) throw new RangeError(`${value} does not fit ${length} bytes`)
  const bytes = new Uint8Array(length ?? needed)
  writeBigint(bytes, 0, value, bytes.length)
  return bytes
}

/** Big endian, unsigned; zero for no bytes. */
export function bytesToBigint(bytes: Uint8Array, start = 0, end = bytes.length): bigint {
  if (end - start <= 6) return BigInt(bytesToNumber(bytes, start, end))
  let value = 0n
  let at = start
  while (end - at >= 4) {
    const word =
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0
    value = (value << 32n) | BigInt(word)
    at += 4
  }
  for (; at < end; at++) value = (value << 8n) | BigInt(bytes[at] as number)
  return value
}

/** Big endian, at most 6 bytes, so always exact. */
export function bytesToNumber(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let value = 0
  for (let i = start; i < end; i++) value = value * 256 + (bytes[i] as number)
  return value
}

/** `bytes` with zeros put before it up to `length`. */
export function padLeft(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes
  const padded = new Uint8Array(length)
  padded.set(bytes, length - bytes.length)
  return padded
}

/** Whether every byte in the range is zero. */
export function isZeroBytes(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false
  return true
}

const encoder = new TextEncoder()
/** UTF-8. */
export const utf8Bytes = (text: string): Uint8Array => encoder.encode(text)

/** A quantity as JSON-RPC has it: `0x` and no leading zeros. */
export const quantityToHex = (value: bigint): Hex => `0x${value.toString(16)}`
