import type { BrotliBits } from './brotliBits.ts'
import { type BrotliSteps, corrupt } from './brotliPause.ts'

const MAX_BITS = 15
const ROOT_BITS = 8
/** Code lengths of code lengths come in this order, in a fixed code of their own (RFC 7932, section 3.5). */
const LENGTH_ORDER = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15]
const LENGTH_PREFIX_BITS = [2, 2, 2, 3, 2, 2, 2, 4, 2, 2, 2, 3, 2, 2, 2, 4]
const LENGTH_PREFIX_VALUE = [0, 4, 3, 2, 0, 4, 3, 1, 0, 4, 3, 2, 0, 4, 3, 5]
const REPEAT_PREVIOUS = 16
/** Code lengths of the codes of one to four symbols that are listed; the fifth is the other way to have four. */
const SIMPLE_LENGTHS = [[0], [1, 1], [1, 2, 2], [2, 2, 2, 2], [1, 2, 3, 3]]

const reversed = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0
  for (let i = 0; i < 8; i++) bits |= ((byte >> i) & 1) << (7 - i)
  return bits
})

/**
 * Reads the prefix codes of a metablock, and holds their tables one behind the other.
 *
 * A table is looked up by the next 8 bits; an entry is symbol << 4 | code length. A longer code has entries in a table
 * of its own behind: there the root entry is offset << 4 | 8 + bits of that table, and the length covers all of the code.
 */
export class BrotliCodes {
  entries = new Uint16Array(1_024)
  #used = 0
  readonly #lengths = new Uint8Array(704)
  readonly #counts = new Uint16Array(MAX_BITS + 1)
  readonly #lengthEntries = new Uint8Array(32)
  readonly #lengthBits = new Uint8Array(32)

  /** Forgets all codes. */
  clear(): void {
    this.#used = 0
  }

  /** Reads one code of an alphabet; gives the place of its table. */
  *read(bits: BrotliBits, alphabet: number): BrotliSteps<number> {
    while (!bits.pull(2)) yield 'input'
    const skip = bits.take(2)
    const lengths = this.#lengths.subarray(0, alphabet).fill(0)
    if (skip === 1) return yield* this.#readSimple(bits, lengths)
    yield* this.#readLengthCode(bits, skip)
    yield* this.#readLengths(bits, lengths)
    return this.#build(lengths)
  }

  *#readSimple(bits: BrotliBits, lengths: Uint8Array): BrotliSteps<number> {
    while (!bits.pull(2)) yield 'input'
    const count = bits.take(2) + 1
    const width = 32 - Math.clz32(lengths.length - 1)
    const symbols: number[] = []
    for (let i = 0; i < count; i++) {
      while (!bits.pull(width)) yield 'input'
      const symbol = bits.take(width)
      if (symbol >= lengths.length) yield* corrupt('a code for a symbol outside its alphabet')
      symbols.push(symbol)
    }
    if (new Set(symbols).size < count) yield* corrupt('two codes for one symbol')
    let shape = count - 1
    if (count === 4) {
      while (!bits.pull(1)) yield 'input'
      shape += bits.take(1)
    }
    if (count === 1) return this.#buildSingle(symbols[0] as number)
    for (const [i, symbol] of symbols.entries()) lengths[symbol] = SIMPLE_LENGTHS[shape]?.[i] as number
    return this.#build(lengths)
  }

  /** The code that code lengths are written in. */
  *#readLengthCode(bits: BrotliBits, skip: number): BrotliSteps<void> {
    const lengths = new Uint8Array(18)
    let space = 32
    let count = 0
    for (let i = skip; i < LENGTH_ORDER.length; i++) {
      let index: number
      for (;;) {
        const enough = bits.pull(4)
        index = bits.peek() & 15
        if (enough || (LENGTH_PREFIX_BITS[index] as number) <= bits.available) break
        yield 'input'
      }
      bits.skip(LENGTH_PREFIX_BITS[index] as number)
      const length = LENGTH_PREFIX_VALUE[index] as number
      lengths[LENGTH_ORDER[i] as number] = length
      if (length === 0) continue
      count++
      space -= 32 >> length
      if (space <= 0) break
    }
    if (count !== 1 && space !== 0) yield* corrupt('the code of code lengths is not complete')
    let code = 0
    for (let length = 1; length <= 5; length++) {
      for (let symbol = 0; symbol < 18; symbol++) {
        if (lengths[symbol] !== length) continue
        const first = reversed[code] as number
        const step = count === 1 ? 1 : 1 << length
        for (let i = count === 1 ? 0 : first; i < 32; i += step) {
          this.#lengthEntries[i] = symbol
          this.#lengthBits[i] = count === 1 ? 0 : length
        }
        code += 1 << (8 - length)
      }
    }
  }

  *#readLengths(bits: BrotliBits, lengths: Uint8Array): BrotliSteps<void> {
    let symbol = 0
    let space = 32_768
    let previous = 8
    let repeat = 0
    let repeated = 0
    // As far as whole words of input are there the accumulator is filled with them.
    let brisk = bits.pull(1)
    while (symbol < lengths.length && space !== 0) {
      let index: number
      let length: number
      let extra: number
      for (;;) {
        if (brisk && bits.limit - bits.pulled < 4) brisk = false
        if (brisk) bits.fill()
        index = bits.peek() & 31
        length = this.#lengthEntries[index] as number
        extra = length < REPEAT_PREVIOUS ? 0 : length - 14
        if ((this.#lengthBits[index] as number) + extra <= bits.available) break
        if (bits.pull(bits.available + 1)) continue
        yield 'input'
        brisk = bits.pull(1)
      }
      bits.skip(this.#lengthBits[index] as number)
      if (length < REPEAT_PREVIOUS) {
        repeat = 0
        lengths[symbol++] = length
        if (length === 0) continue
        previous = length
        space -= 32_768 >> length
        continue
      }
      const what = length === REPEAT_PREVIOUS ? previous : 0
      if (repeated !== what) repeat = 0
      repeated = what
      const before = repeat
      if (repeat > 0) repeat = (repeat - 2) << extra
      repeat += bits.take(extra) + 3
      const count = repeat - before
      if (symbol + count > lengths.length) yield* corrupt('more code lengths than symbols')
      lengths.fill(what, symbol, symbol + count)
      symbol += count
      if (what !== 0) space -= count << (15 - what)
    }
    if (space !== 0) yield* corrupt('a prefix code is not complete')
  }

  #reserve(count: number): number {
    const base = this.#used
    this.#used += count
    if (this.#used > this.entries.length) {
      const grown = new Uint16Array(Math.max(this.#used, 2 * this.entries.length))
      grown.set(this.entries)
      this.entries = grown
    }
    return base
  }

  /** The code without bits. */
  #buildSingle(symbol: number): number {
    const base = this.#reserve(1 << ROOT_BITS)
    this.entries.fill(symbol << 4, base, base + (1 << ROOT_BITS))
    return base
  }

  /** The canonical code of these lengths, which is complete. */
  #build(lengths: Uint8Array): number {
    const counts = this.#counts.fill(0)
    for (const length of lengths) counts[length] = (counts[length] as number) + 1
    counts[0] = 0
    const next = new Uint16Array(MAX_BITS + 2)
    for (let length = 1, code = 0; length <= MAX_BITS; length++) {
      code = (code + (counts[length - 1] as number)) << 1
      next[length] = code
    }
    const base = this.#reserve(1 << ROOT_BITS)
    const long: number[] = []
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol] as number
      if (length === 0) continue
      const code = next[length] as number
      next[length] = code + 1
      const place =
        ((((reversed[code & 255] as number) << 8) | (reversed[code >> 8] as number)) >> (16 - length)) & 0x7fff
      if (length > ROOT_BITS) long.push(place, length, symbol)
      else this.#spread(base, place, 1 << length, 1 << ROOT_BITS, (symbol << 4) | length)
    }
    this.#buildLong(base, long)
    return base
  }

  /** The tables behind; `long` lists place, length and symbol of each code, in no order. */
  #buildLong(base: number, long: readonly number[]): void {
    const widest = new Map<number, number>()
    for (let i = 0; i < long.length; i += 3) {
      const root = (long[i] as number) & 255
      widest.set(root, Math.max(widest.get(root) ?? 0, long[i + 1] as number))
    }
    for (const [root, length] of widest) {
      const table = this.#reserve(1 << (length - ROOT_BITS))
      this.entries[base + root] = ((table - base) << 4) | length
    }
    for (let i = 0; i < long.length; i += 3) {
      const place = long[i] as number
      const root = this.entries[base + (place & 255)] as number
      const size = 1 << ((root & 15) - ROOT_BITS)
      const length = long[i + 1] as number
      const entry = ((long[i + 2] as number) << 4) | length
      this.#spread(base + (root >> 4), place >> ROOT_BITS, 1 << (length - ROOT_BITS), size, entry)
    }
  }

  #spread(table: number, first: number, step: number, size: number, entry: number): void {
    for (let i = first; i < size; i += step) this.entries[table + i] = entry
  }
}
