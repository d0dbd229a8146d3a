import type { BrotliBits } from './brotliBits.ts'
import type { BrotliCodes } from './brotliCodes.ts'
import { LITERAL_CONTEXTS } from './brotliContexts.ts'
import type { MetaBlock } from './brotliMetaBlock.ts'
import type { BrotliRing } from './brotliRing.ts'

const CONTEXT_BITS = 6
const CONTEXT_COUNT = 1 << CONTEXT_BITS

/** The literals of a metablock. */
export class BrotliLiterals {
  readonly #bits: BrotliBits
  readonly #codes: BrotliCodes
  readonly #ring: BrotliRing
  readonly #block: MetaBlock
  /** Place of the code of all literals of the present block, or -1 where it depends on the two bytes before. */
  #code = -1

  constructor(bits: BrotliBits, codes: BrotliCodes, ring: BrotliRing, block: MetaBlock) {
    this.#bits = bits
    this.#codes = codes
    this.#ring = ring
    this.#block = block
    this.#openBlock()
  }

  /** To be called before the first literal of a command, and when decoding goes on within a command. */
  begin(): void {
    if (this.#code >= 0) this.#bits.fillBrisk()
  }

  /** Puts at least one and at most `wanted` literals into the ring; 0 at the limit of the input. */
  read(wanted: number): number {
    const bits = this.#bits
    const ring = this.#ring
    const blocks = this.#block.literalBlocks
    bits.checkBrisk()
    if (blocks.left === 0) {
      const before = this.#code
      if (!blocks.next(bits, this.#codes)) return 0
      this.#openBlock()
      if (before >= 0 || this.#code >= 0) bits.fillBrisk()
      if (before >= 0 !== this.#code >= 0) bits.checkBrisk()
    }
    // Room for no more than has come already: how many are to follow is only a claim.
    const room = ring.reserve(Math.min(wanted, blocks.left, ring.bytes.length))
    const count = this.#code >= 0 ? this.#plain(room) : this.#inContext(room)
    ring.at += count
    blocks.left -= count
    return count
  }

  #openBlock(): void {
    const { literalBlocks, literalCodes } = this.#block
    const from = literalBlocks.type << CONTEXT_BITS
    const first = literalCodes[from] as number
    let same = 1
    while (same < CONTEXT_COUNT && literalCodes[from + same] === first) same++
    this.#code = same === CONTEXT_COUNT ? first : -1
  }

  /** Literals of one code. */
  #plain(room: number): number {
    const bits = this.#bits
    const { entries } = this.#codes
    const { bytes: to, at: start } = this.#ring
    const code = this.#code
    if (((entries[code] as number) & 15) === 0) {
      if (room > 1) bits.checkBrisk()
      bits.pullSymbol()
      to.fill((entries[code] as number) >> 4, start, start + room)
      return room
    }
    if (!bits.brisk) return this.#nearLimit(room, () => code)
    const count = Math.min(room, bits.briskSymbols)
    const { bytes } = bits
    let { at, offset } = bits
    for (let i = 0; i < count; i++) {
      const word =
        ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)) >> offset
      let entry = entries[code + (word & 255)] as number
      if ((entry & 15) > 8) {
        entry = entries[code + (entry >> 4) + ((word >> 8) & ((1 << ((entry & 15) - 8)) - 1))] as number
      }
      offset += entry & 15
      at += offset >> 3
      offset &= 7
      to[start + i] = entry >> 4
    }
    bits.at = at
    bits.offset = offset
    bits.fill()
    return count
  }

  /** Literals of codes that depend on the two bytes before. The same loop again: a shared one is half as fast. */
  #inContext(room: number): number {
    const bits = this.#bits
    const ring = this.#ring
    const { entries } = this.#codes
    const { literalBlocks, literalCodes, contextModes } = this.#block
    const mode = (contextModes[literalBlocks.type] as number) << 9
    const type = literalBlocks.type << CONTEXT_BITS
    let last = ring.byteBefore(1)
    let before = ring.byteBefore(2)
    const codeOf = (last: number, before: number) =>
      literalCodes[
        type + ((LITERAL_CONTEXTS[mode + last] as number) | (LITERAL_CONTEXTS[mode + 256 + before] as number))
      ] as number
    const { bytes: to, at: start } = ring
    if (!bits.brisk) {
      return this.#nearLimit(room, (i) => {
        if (i > 0) {
          before = last
          last = to[start + i - 1] as number
        }
        return codeOf(last, before)
      })
    }
    const count = Math.min(room, bits.briskSymbols)
    const { bytes } = bits
    let { at, offset } = bits
    for (let i = 0; i < count; i++) {
      if (i === count - 1) {
        bits.at = at
        bits.offset = offset
        bits.fill()
      }
      const code = codeOf(last, before)
      const word =
        ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)) >> offset
      let entry = entries[code + (word & 255)] as number
      if ((entry & 15) > 8) {
        entry = entries[code + (entry >> 4) + ((word >> 8) & ((1 << ((entry & 15) - 8)) - 1))] as number
      }
      offset += entry & 15
      at += offset >> 3
      offset &= 7
      before = last
      last = entry >> 4
      to[start + i] = last
    }
    bits.at = at
    bits.offset = offset
    return count
  }

  #nearLimit(room: number, codeOf: (index: number) => number): number {
    const { bytes, at } = this.#ring
    for (let i = 0; i < room; i++) {
      const symbol = this.#bits.symbol(this.#codes.entries, codeOf(i))
      if (symbol < 0) return i
      bytes[at + i] = symbol
    }
    return room
  }
}
