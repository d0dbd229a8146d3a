/** What goes before and after a word: RFC 7932, appendix B, each text once. */
const AFFIXES = [
  ' ',
  ', ',
  ' of the ',
  ' of ',
  's ',
  '.',
  ' and ',
  ' in ',
  '"',
  ' to ',
  '">',
  '\n',
  '. ',
  ']',
  ' for ',
  ' a ',
  ' that ',
  "'",
  ' with ',
  ' from ',
  ' by ',
  '(',
  '. The ',
  ' on ',
  ' as ',
  ' is ',
  'ing ',
  '\n\t',
  ':',
  'ed ',
  '="',
  ' at ',
  'ly ',
  ',',
  "='",
  '.com/',
  '. This ',
  ' not ',
  'er ',
  'al ',
  'ful ',
  'ive ',
  'less ',
  'est ',
  'ize ',
  '\u00a0',
  'ous ',
  ' the ',
  'e ',
  '',
].map((text) => new TextEncoder().encode(text))

/**
 * The 121 transforms of RFC 7932, appendix B: prefix, what becomes of the word, suffix.
 *
 * 0 to 9: so many bytes fewer at the end. 10: its first character in upper case, 11: all of them. 12 to 20: 1 to 9
 * bytes fewer at the start.
 */
const TRANSFORMS = Uint8Array.from([
  49, 0, 49, 49, 0, 0, 0, 0, 0, 49, 12, 49, 49, 10, 0, 49, 0, 47, 0, 0, 49, 4, 0, 0, 49, 0, 3, 49, 10, 49, 49, 0, 6, 49,
  13, 49, 49, 1, 49, 1, 0, 0, 49, 0, 1, 0, 10, 0, 49, 0, 7, 49, 0, 9, 48, 0, 0, 49, 0, 8, 49, 0, 5, 49, 0, 10, 49, 0,
  11, 49, 3, 49, 49, 0, 13, 49, 0, 14, 49, 14, 49, 49, 2, 49, 49, 0, 15, 49, 0, 16, 0, 10, 49, 49, 0, 12, 5, 0, 49, 0,
  0, 1, 49, 15, 49, 49, 0, 18, 49, 0, 17, 49, 0, 19, 49, 0, 20, 49, 16, 49, 49, 17, 49, 47, 0, 49, 49, 4, 49, 49, 0, 22,
  49, 11, 49, 49, 0, 23, 49, 0, 24, 49, 0, 25, 49, 7, 49, 49, 1, 26, 49, 0, 27, 49, 0, 28, 0, 0, 12, 49, 0, 29, 49, 20,
  49, 49, 18, 49, 49, 6, 49, 49, 0, 21, 49, 10, 1, 49, 8, 49, 49, 0, 31, 49, 0, 32, 47, 0, 3, 49, 5, 49, 49, 9, 49, 0,
  10, 1, 49, 10, 8, 5, 0, 21, 49, 11, 0, 49, 10, 10, 49, 0, 30, 0, 0, 5, 35, 0, 49, 47, 0, 2, 49, 10, 17, 49, 0, 36, 49,
  0, 33, 5, 0, 0, 49, 10, 21, 49, 10, 5, 49, 0, 37, 0, 0, 30, 49, 0, 38, 0, 11, 0, 49, 0, 39, 0, 11, 49, 49, 0, 34, 49,
  11, 8, 49, 10, 12, 0, 0, 21, 49, 0, 40, 0, 10, 12, 49, 0, 41, 49, 0, 42, 49, 11, 17, 49, 0, 43, 0, 10, 5, 49, 11, 10,
  0, 0, 34, 49, 10, 33, 49, 0, 44, 49, 11, 5, 45, 0, 49, 0, 0, 33, 49, 10, 30, 49, 11, 30, 49, 0, 46, 49, 11, 1, 49, 10,
  34, 0, 10, 33, 0, 11, 30, 0, 11, 1, 49, 11, 33, 49, 11, 21, 49, 11, 12, 0, 11, 5, 49, 11, 34, 0, 11, 12, 0, 10, 30, 0,
  11, 34, 0, 10, 34,
])

const UPPER_FIRST = 10
const UPPER_ALL = 11

export const BROTLI_TRANSFORM_COUNT = TRANSFORMS.length / 3

/** Writes a word of the dictionary, transformed, at `at`; gives the end. At most 37 bytes. */
export function writeBrotliWord(target: Uint8Array, at: number, word: Uint8Array, transform: number): number {
  const prefix = AFFIXES[TRANSFORMS[3 * transform] as number] as Uint8Array
  const kind = TRANSFORMS[3 * transform + 1] as number
  const suffix = AFFIXES[TRANSFORMS[3 * transform + 2] as number] as Uint8Array
  const first = kind > UPPER_ALL ? kind - UPPER_ALL : 0
  const body = word.subarray(first, kind < UPPER_FIRST ? Math.max(0, word.length - kind) : word.length)
  const from = at + prefix.length
  const to = from + body.length
  target.set(prefix, at)
  target.set(body, from)
  if (kind === UPPER_FIRST) toUpperCase(target, from)
  else if (kind === UPPER_ALL) for (let i = from; i < to; ) i += toUpperCase(target, i)
  target.set(suffix, to)
  return to + suffix.length
}

/** RFC 7932, section 8: upper case as far as it is simple. Gives the length of the character, which may go on beyond the word. */
function toUpperCase(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number
  if (byte < 0xc0) {
    if (byte >= 0x61 && byte <= 0x7a) bytes[at] = byte ^ 32
    return 1
  }
  const length = byte < 0xe0 ? 2 : 3
  const last = at + length - 1
  bytes[last] = (bytes[last] as number) ^ (length === 2 ? 32 : 5)
  return length
}
