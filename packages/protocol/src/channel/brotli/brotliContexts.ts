import type { BrotliBits } from './brotliBits.ts'
import type { BrotliCodes } from './brotliCodes.ts'
import { type BrotliSteps, corrupt } from './brotliPause.ts'

const LETTERS = /[A-Za-z]/
const VOWELS = /[AEIOUaeiou]/

/** What an ASCII byte says about the next one in UTF-8 mode, 0 to 15 (RFC 7932, section 7.1). */
function asciiClass(byte: number): number {
  const char = String.fromCharCode(byte)
  if ('\t\n\r'.includes(char)) return 1
  if (byte < 32 || byte === 127) return 0
  if (LETTERS.test(char)) return (char < 'a' ? 12 : 14) + (VOWELS.test(char) ? 0 : 1)
  if (char >= '0' && char <= '9') return 11
  const group = [' ', `"'`, '%', '(<[{', ')>]}', ',:;', '.', '='].findIndex((chars) => chars.includes(char))
  return group < 0 ? 3 : ([2, 4, 5, 6, 7, 8, 9, 10][group] as number)
}

/** The share of the last byte in the context, UTF-8 mode. */
function utf8Last(byte: number): number {
  if (byte < 128) return 4 * asciiClass(byte)
  return byte < 192 ? byte & 1 : 2 + (byte & 1)
}

/** The share of the byte before the last. */
function utf8Before(byte: number): number {
  if (byte >= 128) return byte < 224 ? 0 : 2
  const kind = asciiClass(byte)
  if (kind < 3) return 0
  if (kind < 11) return 1
  return kind < 14 ? 2 : 3
}

function signedClass(byte: number): number {
  return [1, 16, 64, 128, 192, 240, 255].filter((from) => byte >= from).length
}

const everyByte = Array.from({ length: 256 }, (_, byte) => byte)

/**
 * Contexts of literals: by mode << 9 and the last byte, or-ed with that by mode << 9, 256 and the byte before.
 *
 * @see RFC 7932, section 7.1
 */
export const LITERAL_CONTEXTS = Uint8Array.from([
  ...everyByte.map((byte) => byte & 63),
  ...everyByte.map(() => 0),
  ...everyByte.map((byte) => byte >> 2),
  ...everyByte.map(() => 0),
  ...everyByte.map(utf8Last),
  ...everyByte.map(utf8Before),
  ...everyByte.map((byte) => signedClass(byte) << 3),
  ...everyByte.map(signedClass),
])

/** Which of `codeCount` codes each context uses. */
export type ContextMap = { readonly codeCount: number; readonly map: Uint8Array }

/** 0 to 255 in 1 to 11 bits: how many block types, or codes, beyond the first. */
export function* readCount(bits: BrotliBits): BrotliSteps<number> {
  while (!bits.pull(1)) yield 'input'
  if (bits.take(1) === 0) return 1
  while (!bits.pull(3)) yield 'input'
  const width = bits.take(3)
  while (!bits.pull(width)) yield 'input'
  return 1 + (1 << width) + bits.take(width)
}

/** @see RFC 7932, section 7.3 */
export function* readContextMap(bits: BrotliBits, codes: BrotliCodes, size: number): BrotliSteps<ContextMap> {
  const codeCount = yield* readCount(bits)
  const map = new Uint8Array(size)
  if (codeCount === 1) return { codeCount, map }
  while (!bits.pull(5)) yield 'input'
  const longestRun = bits.take(1) === 0 ? 0 : bits.take(4) + 1
  const code = yield* codes.read(bits, codeCount + longestRun)
  for (let i = 0; i < size; ) {
    const symbol = bits.symbol(codes.entries, code)
    if (symbol < 0) yield 'input'
    else if (symbol > longestRun) map[i++] = symbol - longestRun
    else if (symbol === 0) i++
    else {
      while (!bits.pull(symbol)) yield 'input'
      i += (1 << symbol) + bits.take(symbol)
      if (i > size) yield* corrupt('a context map beyond its size')
    }
  }
  while (!bits.pull(1)) yield 'input'
  if (bits.take(1) === 1) undoMoveToFront(map)
  return { codeCount, map }
}

function undoMoveToFront(map: Uint8Array): void {
  const recent = Uint8Array.from(everyByte)
  for (let i = 0; i < map.length; i++) {
    const index = map[i] as number
    const value = recent[index] as number
    map[i] = value
    if (index === 0) continue
    recent.copyWithin(1, 0, index)
    recent[0] = value
  }
}
