import type { BrotliBits } from './brotliBits.ts'
import type { BrotliCodes } from './brotliCodes.ts'
import { BROTLI_WORDS, brotliDictionary } from './brotliDictionary.ts'
import { type BrotliDistance, type LastDistances, readDistance } from './brotliDistances.ts'
import { BrotliLiterals } from './brotliLiterals.ts'
import type { MetaBlock } from './brotliMetaBlock.ts'
import type { BrotliRing } from './brotliRing.ts'
import { BROTLI_TRANSFORM_COUNT, writeBrotliWord } from './brotliTransforms.ts'

/** RFC 7932, section 5: how many literals a command inserts, by insert code. */
const INSERT_BASE = [
  0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 26, 34, 50, 66, 98, 130, 194, 322, 578, 1090, 2114, 6210, 22594,
]
const INSERT_EXTRA = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14, 24]
/** And how many bytes it copies. */
const COPY_BASE = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 22, 30, 38, 54, 70, 102, 134, 198, 326, 582, 1094, 2118]
const COPY_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 24]
/** The first insert and copy code of each 64 command symbols. */
const INSERT_CELLS = [0, 0, 0, 0, 8, 8, 0, 16, 8, 16, 16]
const COPY_CELLS = [0, 8, 0, 8, 0, 8, 16, 0, 16, 8, 16]
/** Symbols below repeat the last distance. */
const IMPLICIT_DISTANCE_SYMBOLS = 128
/** So many bytes of the window cannot be referred to. */
const WINDOW_GAP = 16

type Phase = 'command' | 'literals' | 'distance' | 'copy' | 'end'

/** Why the commands stopped: at the limit of the input, at the end of the ring, at the end of the metablock. */
export type CommandsStop = 'input' | 'ring' | 'end' | { readonly corrupt: string }

/** The commands of a metablock: literals, and what is copied from before or from the dictionary. */
export class BrotliCommands {
  readonly #bits: BrotliBits
  readonly #codes: BrotliCodes
  readonly #ring: BrotliRing
  readonly #block: MetaBlock
  readonly #last: LastDistances
  readonly #literals: BrotliLiterals
  /** Bytes of the metablock that are still to come, less those of the command being carried out. */
  #left: number
  #phase: Phase = 'command'
  #literalsLeft = 0
  #copyLeft = 0
  #repeatsDistance = false
  #distance = 0
  #distanceContext = 0

  constructor(
    bits: BrotliBits,
    codes: BrotliCodes,
    ring: BrotliRing,
    { block, last, length }: { block: MetaBlock; last: LastDistances; length: number },
  ) {
    this.#bits = bits
    this.#codes = codes
    this.#ring = ring
    this.#block = block
    this.#last = last
    this.#left = length
    this.#literals = new BrotliLiterals(bits, codes, ring, block)
  }

  /** Goes on until something stops it. After `input` the limit is to be raised, after `ring` the ring to be written. */
  run(): CommandsStop {
    this.#bits.beginCommands()
    if (this.#phase === 'literals') this.#literals.begin()
    let stop: CommandsStop | null = null
    while (stop === null) stop = this.#step()
    this.#bits.brisk = false
    return stop
  }

  #step(): CommandsStop | null {
    switch (this.#phase) {
      case 'command':
        return this.#readCommand()
      case 'literals':
        return this.#readLiterals()
      case 'distance':
        return this.#readDistance()
      case 'copy':
        return this.#copy()
      case 'end':
        return 'end'
    }
  }

  #readCommand(): CommandsStop | null {
    const bits = this.#bits
    const { commandBlocks, commandCodes } = this.#block
    bits.checkBrisk()
    if (commandBlocks.left === 0) return commandBlocks.next(bits, this.#codes) ? null : 'input'
    const { at, offset, pulled } = bits
    const symbol = bits.symbol(this.#codes.entries, commandCodes[commandBlocks.type] as number)
    if (symbol < 0) return 'input'
    const insertCode = (INSERT_CELLS[symbol >> 6] as number) + ((symbol >> 3) & 7)
    const copyCode = (COPY_CELLS[symbol >> 6] as number) + (symbol & 7)
    const insertBits = INSERT_EXTRA[insertCode] as number
    const insertExtra = insertBits === 0 ? 0 : bits.read(insertBits)
    const copyExtra = insertExtra < 0 ? -1 : bits.read(COPY_EXTRA[copyCode] as number)
    if (copyExtra < 0) {
      bits.restore(at, offset, pulled)
      return 'input'
    }
    commandBlocks.left--
    this.#literalsLeft = (INSERT_BASE[insertCode] as number) + insertExtra
    this.#copyLeft = (COPY_BASE[copyCode] as number) + copyExtra
    this.#repeatsDistance = symbol < IMPLICIT_DISTANCE_SYMBOLS
    this.#distanceContext = Math.min(copyCode, 3)
    this.#phase = this.#literalsLeft > 0 ? 'literals' : 'distance'
    if (this.#literalsLeft > 0) this.#literals.begin()
    return this.#spend(this.#literalsLeft)
  }

  /** Takes bytes off the metablock. */
  #spend(count: number): CommandsStop | null {
    this.#left -= count
    return this.#left < 0 ? { corrupt: 'more bytes than the metablock has' } : null
  }

  #readLiterals(): CommandsStop | null {
    const count = this.#literals.read(this.#literalsLeft)
    if (count === 0) return 'input'
    this.#literalsLeft -= count
    // The last command of a metablock may end with its literals.
    if (this.#literalsLeft === 0) this.#phase = this.#left === 0 ? 'end' : 'distance'
    return this.#ring.isFull ? 'ring' : null
  }

  #readDistance(): CommandsStop | null {
    const read = this.#nextDistance()
    if (read === null) return 'input'
    const { distance, repeats } = read
    if (distance <= 0) return { corrupt: 'a distance of nothing' }
    const ring = this.#ring
    const farthest = Math.min(ring.total, ring.windowSize - WINDOW_GAP)
    this.#phase = 'copy'
    if (distance > farthest) return this.#copyWord(distance - farthest - 1)
    if (!repeats) this.#last.push(distance)
    this.#distance = distance
    return this.#spend(this.#copyLeft)
  }

  #nextDistance(): BrotliDistance | null {
    const last = this.#last
    if (this.#repeatsDistance) return { distance: last.back(1), repeats: true }
    return readDistance(this.#bits, this.#codes, this.#block, { context: this.#distanceContext, last })
  }

  #copyWord(address: number): CommandsStop | null {
    const length = this.#copyLeft
    const words = BROTLI_WORDS[length]
    if (!words) return { corrupt: `a distance beyond the start, and no word of ${length} bytes` }
    const transform = address >> words.indexBits
    if (transform >= BROTLI_TRANSFORM_COUNT) return { corrupt: `word transform ${transform}` }
    const from = words.from + length * (address & ((1 << words.indexBits) - 1))
    const ring = this.#ring
    ring.reserve(1)
    const end = writeBrotliWord(ring.bytes, ring.at, brotliDictionary().subarray(from, from + length), transform)
    const stop = this.#spend(end - ring.at)
    ring.at = end
    this.#copyLeft = 0
    return stop ?? (ring.isFull ? 'ring' : null)
  }

  #copy(): CommandsStop | null {
    if (this.#copyLeft > 0) {
      this.#copyLeft -= this.#ring.copy(this.#distance, this.#copyLeft)
      if (this.#ring.isFull) return 'ring'
    }
    this.#phase = this.#left === 0 ? 'end' : 'command'
    return null
  }
}
