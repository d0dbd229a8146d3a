import type { BrotliBits } from './brotliBits.ts'
import type { BrotliCodes } from './brotliCodes.ts'
import type { MetaBlock } from './brotliMetaBlock.ts'

/** Symbols below stand for one of the last four distances, or for one near the last two. */
export const SHORT_DISTANCES = 16

/** RFC 7932, section 4: which of the last distances a short one starts from, and what is added. */
const SHORT_BACK = [1, 2, 3, 4, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
const SHORT_ADD = [0, 0, 0, 0, -1, 1, -2, 2, -3, 3, -1, 1, -2, 2, -3, 3]

/** The last four distances, kept from one metablock to the next. Words of the dictionary do not count. */
export class LastDistances {
  readonly #values = Int32Array.of(16, 15, 11, 4)
  #next = 0

  /** The last one for 1, the one before for 2, and so on. */
  back(count: number): number {
    return this.#values[(this.#next - count) & 3] as number
  }

  push(distance: number): void {
    this.#values[this.#next] = distance
    this.#next = (this.#next + 1) & 3
  }
}

/** How far back a command copies from. `repeats`: the last distance again, which is not to be kept twice. */
export type BrotliDistance = { readonly distance: number; readonly repeats: boolean }

/**
 * Reads the distance of a command; `null` at the limit of the input, where nothing was read. One that is not positive is
 * corrupt.
 *
 * @param context - 0 to 3 by the length of the copy
 * @see RFC 7932, section 4
 */
export function readDistance(
  bits: BrotliBits,
  codes: BrotliCodes,
  { distanceBlocks, distanceCodes, directDistances, distancePostfixBits }: MetaBlock,
  { context, last }: { context: number; last: LastDistances },
): BrotliDistance | null {
  if (distanceBlocks.left === 0 && !distanceBlocks.next(bits, codes)) return null
  const { at, offset, pulled } = bits
  const symbol = bits.symbol(codes.entries, distanceCodes[(distanceBlocks.type << 2) + context] as number)
  if (symbol < 0) return null
  const value = symbol - SHORT_DISTANCES - directDistances
  let distance = symbol - SHORT_DISTANCES + 1
  if (symbol < SHORT_DISTANCES) {
    distance = last.back(SHORT_BACK[symbol] as number) + (SHORT_ADD[symbol] as number)
  } else if (value >= 0) {
    const half = value >> distancePostfixBits
    const extra = bits.read((half >> 1) + 1)
    if (extra < 0) {
      bits.restore(at, offset, pulled)
      return null
    }
    const high = ((2 + (half & 1)) << ((half >> 1) + 1)) - 4 + extra
    const low = value & ((1 << distancePostfixBits) - 1)
    distance = directDistances + (high << distancePostfixBits) + low + 1
  }
  distanceBlocks.left--
  return { distance, repeats: symbol === 0 }
}
