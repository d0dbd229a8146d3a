import type { BrotliBits } from './brotliBits.ts'
import type { BrotliCodes } from './brotliCodes.ts'
import { readCount } from './brotliContexts.ts'
import type { BrotliSteps } from './brotliPause.ts'

/** RFC 7932, section 6: block lengths by their code. */
const LENGTH_BASE = [
  1, 5, 9, 13, 17, 25, 33, 41, 49, 65, 81, 97, 113, 145, 177, 209, 241, 305, 369, 497, 753, 1265, 2289, 4337, 8433,
  16625,
]
const LENGTH_EXTRA = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 24]

/** The blocks that the literals, the commands or the distances of a metablock are divided into. */
export class BrotliBlocks {
  readonly typeCount: number
  /** Of the present block. */
  type = 0
  /** Left of the present block. */
  left = Number.POSITIVE_INFINITY
  #previousType = 1
  readonly #typeCode: number
  readonly #lengthCode: number

  private constructor(typeCount: number, typeCode: number, lengthCode: number) {
    this.typeCount = typeCount
    this.#typeCode = typeCode
    this.#lengthCode = lengthCode
  }

  static *read(bits: BrotliBits, codes: BrotliCodes): BrotliSteps<BrotliBlocks> {
    const typeCount = yield* readCount(bits)
    if (typeCount === 1) return new BrotliBlocks(1, 0, 0)
    const typeCode = yield* codes.read(bits, typeCount + 2)
    const lengthCode = yield* codes.read(bits, LENGTH_BASE.length)
    const blocks = new BrotliBlocks(typeCount, typeCode, lengthCode)
    let symbol = -1
    while (symbol < 0) {
      symbol = bits.symbol(codes.entries, lengthCode)
      if (symbol < 0) yield 'input'
    }
    while (!bits.pull(LENGTH_EXTRA[symbol] as number)) yield 'input'
    blocks.left = (LENGTH_BASE[symbol] as number) + bits.take(LENGTH_EXTRA[symbol] as number)
    return blocks
  }

  /** Goes on to the next block; `false` at the limit of the input, where nothing was read. */
  next(bits: BrotliBits, codes: BrotliCodes): boolean {
    const { at, offset, pulled } = bits
    const typeSymbol = bits.symbol(codes.entries, this.#typeCode)
    if (typeSymbol < 0) return false
    const symbol = bits.symbol(codes.entries, this.#lengthCode)
    const extra = symbol < 0 ? -1 : bits.read(LENGTH_EXTRA[symbol] as number)
    if (extra < 0) {
      bits.restore(at, offset, pulled)
      return false
    }
    this.left = (LENGTH_BASE[symbol] as number) + extra
    let type = typeSymbol - 2
    if (typeSymbol === 0) type = this.#previousType
    else if (typeSymbol === 1) type = this.type + 1
    if (type >= this.typeCount) type -= this.typeCount
    this.#previousType = this.type
    this.type = type
    return true
  }
}
