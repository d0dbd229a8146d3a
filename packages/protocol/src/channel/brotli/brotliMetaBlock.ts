import type { BrotliBits } from './brotliBits.ts'
import { BrotliBlocks } from './brotliBlocks.ts'
import type { BrotliCodes } from './brotliCodes.ts'
import { type ContextMap, readContextMap } from './brotliContexts.ts'
import { SHORT_DISTANCES } from './brotliDistances.ts'
import { type BrotliSteps, corrupt } from './brotliPause.ts'

const COMMAND_ALPHABET = 704
const LITERAL_ALPHABET = 256
const LITERAL_CONTEXTS = 64
const DISTANCE_CONTEXTS = 4
/** Most extra bits of a distance. */
const MAX_DISTANCE_BITS = 24

/** How a metablock begins. `length` is 0 for the empty one at the end; of metadata it is what is skipped. */
export type MetaBlockHeader = {
  readonly isLast: boolean
  readonly kind: 'compressed' | 'uncompressed' | 'metadata'
  readonly length: number
}

/** @see RFC 7932, section 9.2 */
export function* readMetaBlockHeader(bits: BrotliBits): BrotliSteps<MetaBlockHeader> {
  while (!bits.pull(1)) yield 'input'
  const isLast = bits.take(1) === 1
  if (isLast) {
    while (!bits.pull(1)) yield 'input'
    if (bits.take(1) === 1) return { isLast, kind: 'compressed', length: 0 }
  }
  while (!bits.pull(2)) yield 'input'
  const nibbles = bits.take(2) + 4
  if (nibbles === 7) return yield* readMetadataHeader(bits, isLast)
  let length = 0
  for (let i = 0; i < nibbles; i++) {
    while (!bits.pull(4)) yield 'input'
    const nibble = bits.take(4)
    if (i >= 4 && i === nibbles - 1 && nibble === 0) yield* corrupt('a length with a nibble too many')
    length |= nibble << (4 * i)
  }
  length++
  if (isLast) return { isLast, kind: 'compressed', length }
  while (!bits.pull(1)) yield 'input'
  if (bits.take(1) === 0) return { isLast, kind: 'compressed', length }
  if (!bits.toByte()) yield* corrupt('padding that is not zero')
  return { isLast, kind: 'uncompressed', length }
}

function* readMetadataHeader(bits: BrotliBits, isLast: boolean): BrotliSteps<MetaBlockHeader> {
  while (!bits.pull(1)) yield 'input'
  if (bits.take(1) === 1) yield* corrupt('a reserved bit is set')
  while (!bits.pull(2)) yield 'input'
  const bytes = bits.take(2)
  let length = bytes === 0 ? 0 : 1
  for (let i = 0; i < bytes; i++) {
    while (!bits.pull(8)) yield 'input'
    const byte = bits.take(8)
    if (i > 0 && i === bytes - 1 && byte === 0) yield* corrupt('a metadata length with a byte too many')
    length += byte << (8 * i)
  }
  if (!bits.toByte()) yield* corrupt('padding that is not zero')
  return { isLast, kind: 'metadata', length }
}

/** A compressed metablock: its blocks, and the places of its codes. */
export type MetaBlock = {
  readonly literalBlocks: BrotliBlocks
  readonly commandBlocks: BrotliBlocks
  readonly distanceBlocks: BrotliBlocks
  readonly distancePostfixBits: number
  readonly directDistances: number
  /** By type of literal block. */
  readonly contextModes: Uint8Array
  /** By type of literal block << 6 and context. */
  readonly literalCodes: Int32Array
  /** By type of command block. */
  readonly commandCodes: Int32Array
  /** By type of distance block << 2 and context. */
  readonly distanceCodes: Int32Array
}

/** Everything before the first command. */
export function* readMetaBlock(bits: BrotliBits, codes: BrotliCodes): BrotliSteps<MetaBlock> {
  codes.clear()
  const literalBlocks = yield* BrotliBlocks.read(bits, codes)
  const commandBlocks = yield* BrotliBlocks.read(bits, codes)
  const distanceBlocks = yield* BrotliBlocks.read(bits, codes)
  while (!bits.pull(6)) yield 'input'
  const distancePostfixBits = bits.take(2)
  const directDistances = bits.take(4) << distancePostfixBits
  const contextModes = new Uint8Array(literalBlocks.typeCount)
  for (let i = 0; i < contextModes.length; i++) {
    while (!bits.pull(2)) yield 'input'
    contextModes[i] = bits.take(2)
  }
  const literals = yield* readContextMap(bits, codes, LITERAL_CONTEXTS * literalBlocks.typeCount)
  const distances = yield* readContextMap(bits, codes, DISTANCE_CONTEXTS * distanceBlocks.typeCount)
  const distanceAlphabet = SHORT_DISTANCES + directDistances + (MAX_DISTANCE_BITS << (distancePostfixBits + 1))
  const literalCodes = yield* readCodes(bits, codes, literals.codeCount, LITERAL_ALPHABET)
  const commandCodes = yield* readCodes(bits, codes, commandBlocks.typeCount, COMMAND_ALPHABET)
  const distanceCodes = yield* readCodes(bits, codes, distances.codeCount, distanceAlphabet)
  return {
    literalBlocks,
    commandBlocks,
    distanceBlocks,
    distancePostfixBits,
    directDistances,
    contextModes,
    literalCodes: codesByContext(literals, literalCodes),
    commandCodes,
    distanceCodes: codesByContext(distances, distanceCodes),
  }
}

function codesByContext({ map }: ContextMap, codes: Int32Array): Int32Array {
  return Int32Array.from(map, (index) => codes[index] as number)
}

function* readCodes(bits: BrotliBits, codes: BrotliCodes, count: number, alphabet: number): BrotliSteps<Int32Array> {
  const places = new Int32Array(count)
  for (let i = 0; i < count; i++) places[i] = yield* codes.read(bits, alphabet)
  return places
}
