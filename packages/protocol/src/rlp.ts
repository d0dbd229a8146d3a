import { bigintByteLength, bytesToBigint, bytesToNumber, hexToBytes, writeBigint } from './bytes.ts'
import { CodecError } from './codecError.ts'

/** What RLP holds: byte strings and lists. */
export type RlpItem = Uint8Array | readonly RlpItem[]

/** What can be encoded: quantities become big endian without leading zeros, `0x…` strings become their bytes. */
export type RlpInput = Uint8Array | bigint | number | string | readonly RlpInput[]

/** Bound of {@link RlpReader.item}, so that no input can overflow the stack. */
export const MAX_RLP_DEPTH = 256

const isList = (item: RlpInput): item is readonly RlpInput[] => Array.isArray(item)

/** Header and payload length of a string of `length` bytes whose first byte is `first`. */
export function rlpStringSize(length: number, first: number): number {
  return length === 1 && first < 0x80 ? 1 : headerSize(length) + length
}

function headerSize(length: number): number {
  return length < 56 ? 1 : 1 + lengthOfLength(length)
}

const lengthOfLength = (length: number) => (length < 0x100 ? 1 : length < 0x1_0000 ? 2 : length < 0x100_0000 ? 3 : 4)

/** Size of an item; the payload sizes of the lists inside go to `sizes` in the order in which they are written. */
function measure(item: RlpInput, sizes: number[]): number {
  if (item instanceof Uint8Array) return rlpStringSize(item.length, item.length === 1 ? (item[0] as number) : 0)
  if (isList(item)) {
    const slot = sizes.push(0) - 1
    let size = 0
    for (const child of item) size += measure(child, sizes)
    sizes[slot] = size
    return headerSize(size) + size
  }
  if (typeof item === 'string') {
    const length = (item.length - 2) >> 1
    return rlpStringSize(length, length === 1 ? Number(item) : 0)
  }
  const value = BigInt(item)
  if (value < 0n) throw new CodecError('badRlp', { reason: `negative quantity ${value}` })
  const length = bigintByteLength(value)
  return rlpStringSize(length, length === 1 ? Number(value) : 0)
}

/** Writes the header of a string (0x80) or list (0xc0) of `length` bytes; gives the offset behind it. */
export function writeRlpHeader(out: Uint8Array, at: number, length: number, short: 0x80 | 0xc0): number {
  if (length < 56) {
    out[at] = short + length
    return at + 1
  }
  const size = lengthOfLength(length)
  out[at++] = short + 55 + size
  for (let i = size - 1; i >= 0; i--) out[at++] = (length >>> (8 * i)) & 0xff
  return at
}

/** Writes a byte string; gives the offset behind it. */
export function writeRlpString(out: Uint8Array, at: number, bytes: Uint8Array): number {
  if (bytes.length === 1 && (bytes[0] as number) < 0x80) {
    out[at] = bytes[0] as number
    return at + 1
  }
  const start = writeRlpHeader(out, at, bytes.length, 0x80)
  out.set(bytes, start)
  return start + bytes.length
}

function write(out: Uint8Array, at: number, item: RlpInput, sizes: readonly number[], next: { list: number }): number {
  if (item instanceof Uint8Array) return writeRlpString(out, at, item)
  if (isList(item)) {
    at = writeRlpHeader(out, at, sizes[next.list++] as number, 0xc0)
    for (const child of item) at = write(out, at, child, sizes, next)
    return at
  }
  if (typeof item === 'string') return writeRlpString(out, at, hexToBytes(item))
  const value = BigInt(item)
  const length = bigintByteLength(value)
  if (length === 1 && value < 0x80n) {
    out[at] = Number(value)
    return at + 1
  }
  const start = writeRlpHeader(out, at, length, 0x80)
  writeBigint(out, start, value, length)
  return start + length
}

/**
 * RLP of an item, in one allocation: sizes first, bytes second.
 *
 * @param prefix - bytes put before it, such as a transaction type
 */
export function encodeRlp(item: RlpInput, prefix?: number): Uint8Array {
  const sizes: number[] = []
  const head = prefix === undefined ? 0 : 1
  const out = new Uint8Array(head + measure(item, sizes))
  if (prefix !== undefined) out[0] = prefix
  write(out, head, item, sizes, { list: 0 })
  return out
}

/** The header of a list whose payload has `length` bytes. */
export function rlpListHeader(length: number): Uint8Array {
  const header = new Uint8Array(headerSize(length))
  writeRlpHeader(header, 0, length, 0xc0)
  return header
}

/**
 * Reads RLP without copying: strings and raw items are views of the bytes given.
 *
 * Accepts canonical RLP only (shortest lengths, a byte below 0x80 as itself). Every read throws `CodecError`
 * `badRlp` or `truncated` when the bytes do not have what is asked for; after that the position means nothing.
 */
export class RlpReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** Offset of the next item in the bytes given to the constructor. */
  get position(): number {
    return this.#at
  }

  /** Whether all items were read. */
  get done(): boolean {
    return this.#at >= this.#end
  }

  /** Whether the next item is a list. */
  get atList(): boolean {
    return this.#at < this.#end && (this.#bytes[this.#at] as number) >= 0xc0
  }

  /** Moves past the next item's header and returns the offset after its payload. */
  #open(wantList: boolean): number {
    const bytes = this.#bytes
    const at = this.#at
    if (at >= this.#end) throw new CodecError('truncated', { what: 'RLP', need: 1, have: 0 })
    const first = bytes[at] as number
    if (first >= 0xc0 !== wantList) {
      throw new CodecError('badRlp', {
        reason: wantList ? 'string where a list belongs' : 'list where a string belongs',
      })
    }
    if (first < 0x80) return at + 1
    const base = wantList ? 0xc0 : 0x80
    let start = at + 1
    let length = first - base
    if (length > 55) {
      const size = length - 55
      if (start + size > this.#end) {
        throw new CodecError('truncated', { what: 'RLP length', need: size, have: this.#end - start })
      }
      if (size > 6 && (bytes[start] !== 0 || size > 8)) {
        throw new CodecError('truncated', { what: 'RLP', need: Number.MAX_SAFE_INTEGER, have: this.#end - start })
      }
      length = bytesToNumber(bytes, start, start + size)
      if (bytes[start] === 0 || length < 56)
        throw new CodecError('badRlp', { reason: 'length is not in shortest form' })
      start += size
    } else if (length === 1 && !wantList && start < this.#end && (bytes[start] as number) < 0x80) {
      throw new CodecError('badRlp', { reason: 'a byte below 0x80 with a header' })
    }
    if (length > this.#end - start) {
      throw new CodecError('truncated', { what: 'RLP', need: length, have: this.#end - start })
    }
    this.#at = start
    return start + length
  }

  /** The next string as a view. */
  string(): Uint8Array {
    const end = this.#open(false)
    const view = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return view
  }

  /** The next string, which must have exactly `length` bytes. */
  fixed(length: number, what = 'RLP string'): Uint8Array {
    const view = this.string()
    if (view.length !== length) throw new CodecError('wrongLength', { what, expected: length, actual: view.length })
    return view
  }

  /** The next string as a quantity of at most `maxBytes` bytes. */
  quantity(maxBytes = 32): bigint {
    const end = this.#open(false)
    const at = this.#at
    if (end - at > maxBytes)
      throw new CodecError('badRlp', { reason: `quantity of ${end - at} bytes, at most ${maxBytes}` })
    if (end > at && this.#bytes[at] === 0) throw new CodecError('badRlp', { reason: 'quantity with a leading zero' })
    this.#at = end
    return bytesToBigint(this.#bytes, at, end)
  }

  /** The next string as a 64-bit quantity. */
  uint64(): bigint {
    return this.quantity(8)
  }

  /** A reader of the next list's items. */
  list(): RlpReader {
    const end = this.#open(true)
    const inner = new RlpReader(this.#bytes, this.#at, end)
    this.#at = end
    return inner
  }

  /** The next item, header and all, as a view; what is inside is not checked. */
  raw(): Uint8Array {
    const start = this.#at
    this.#at = this.#open(this.atList)
    return this.#bytes.subarray(start, this.#at)
  }

  /** The next item with everything in it, lists nested at most {@link MAX_RLP_DEPTH} deep. */
  item(depth = 0): RlpItem {
    if (!this.atList) return this.string()
    if (depth === MAX_RLP_DEPTH) throw new CodecError('badRlp', { reason: `lists nested deeper than ${depth}` })
    const inner = this.list()
    const items: RlpItem[] = []
    while (!inner.done) items.push(inner.item(depth + 1))
    return items
  }

  /** @throws {CodecError} `trailingBytes` when items are left */
  expectEnd(what = 'RLP'): void {
    if (!this.done) throw new CodecError('trailingBytes', { what, extra: this.#end - this.#at })
  }
}

/**
 * One RLP item that takes up all of `bytes`. Strings are views of `bytes`.
 *
 * @throws {CodecError} `badRlp`, `truncated`, `trailingBytes`
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  const reader = new RlpReader(bytes)
  const item = reader.item()
  reader.expectEnd()
  return item
}
