import { brotliDecompressSync, crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ByteSink } from '../byteSink.ts'
import { BROTLI_DICTIONARY_SIZE, BROTLI_WORDS, brotliDictionary } from './brotliDictionary.ts'
import { BrotliReader } from './brotliReader.ts'
import { BROTLI_TRANSFORM_COUNT, writeBrotliWord } from './brotliTransforms.ts'

type Word = { readonly length: number; readonly index: number; readonly transform: number }

function wordBytes({ length, index, transform }: Word): Uint8Array {
  const from = (BROTLI_WORDS[length]?.from ?? 0) + index * length
  const target = new Uint8Array(64)
  return target.slice(0, writeBrotliWord(target, 0, brotliDictionary().subarray(from, from + length), transform))
}

/** A stream of one metablock for each word: a space, and the word by its distance beyond the start. */
function streamOf(words: readonly Word[]): { packed: Uint8Array; content: Uint8Array } {
  const bits: number[] = []
  const put = (...fields: (readonly [value: number, count: number])[]) => {
    for (const [value, count] of fields) for (let i = 0; i < count; i++) bits.push((value >> i) & 1)
  }
  const content = new ByteSink()
  put([0b1111, 4])
  for (const word of words) {
    content.pushByte(0x20)
    const bytes = wordBytes(word)
    const [copyCode, copyExtra, copyBits] = copyOf(word.length)
    const command = 64 * (copyCode < 8 ? 2 : copyCode < 16 ? 3 : 6) + 8 + (copyCode & 7)
    const address = word.index | (word.transform << (BROTLI_WORDS[word.length]?.indexBits ?? 0))
    // RFC 7932, section 4, without postfix bits and direct distances.
    const distance = content.length + address + 1
    const extraBits = 30 - Math.clz32(distance + 3)
    const half = ((distance + 3) >> extraBits) & 1
    const symbol = 16 + 2 * (extraBits - 1) + half
    put([0, 1], [0, 2], [bytes.length, 16], [0, 1])
    put([0, 3], [0, 6], [0, 2], [0, 2], [1, 4], [0x20, 8], [1, 4], [command, 10], [1, 4], [symbol, 6])
    put([copyExtra, copyBits])
    // A word of which nothing is left ends its metablock before the distance.
    if (bytes.length > 0) put([(distance + 3) & ((1 << extraBits) - 1), extraBits])
    content.push(bytes)
  }
  put([3, 2])
  const packed = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [i, bit] of bits.entries()) packed[i >> 3] = (packed[i >> 3] as number) | (bit << (i & 7))
  return { packed, content: content.bytes }
}

/** RFC 7932, section 5: code, extra bits and their number for a copy length. */
function copyOf(length: number): readonly [code: number, extra: number, bits: number] {
  if (length < 10) return [length - 2, 0, 0]
  if (length < 14) return [8 + ((length - 10) >> 1), length & 1, 1]
  if (length < 22) return [10 + ((length - 14) >> 2), (length - 14) & 3, 2]
  return [12, length - 22, 3]
}

function unpack(packed: Uint8Array): Uint8Array {
  const reader = new BrotliReader(packed)
  const sink = new ByteSink()
  while (reader.end === null) reader.read(sink, 1 << 16)
  expect(reader.end).toBe('complete')
  return sink.bytes
}

const lengths = [...BROTLI_WORDS.keys()].filter((length) => BROTLI_WORDS[length])

describe('the brotli dictionary', () => {
  it('is that of RFC 7932, appendix A', () => {
    expect(brotliDictionary()).toHaveLength(BROTLI_DICTIONARY_SIZE)
    expect(crc32(brotliDictionary())).toBe(0x5136cb04)
    expect(lengths).toEqual(Array.from({ length: 21 }, (_, i) => i + 4))
    const last = BROTLI_WORDS[24]
    expect((last?.from ?? 0) + (24 << (last?.indexBits ?? 0))).toBe(BROTLI_DICTIONARY_SIZE)
  })

  it('[DER-103] gives every word as the native decoder does', () => {
    const words = lengths.flatMap((length) =>
      Array.from({ length: 1 << (BROTLI_WORDS[length]?.indexBits ?? 0) }, (_, index) => ({
        length,
        index,
        transform: 0,
      })),
    )
    expect(words).toHaveLength(13_504)
    const { packed, content } = streamOf(words)
    expect(Buffer.compare(unpack(packed), content)).toBe(0)
    expect(Buffer.compare(brotliDecompressSync(packed), content)).toBe(0)
  })

  it('[DER-103] transforms words of every length as the native decoder does', () => {
    const words = Array.from({ length: BROTLI_TRANSFORM_COUNT }, (_, transform) =>
      lengths.flatMap((length) => [0, 7, 20, 31].map((index) => ({ length, index, transform }))),
    ).flat()
    const { packed, content } = streamOf(words)
    expect(Buffer.compare(unpack(packed), content)).toBe(0)
    expect(Buffer.compare(brotliDecompressSync(packed), content)).toBe(0)
  })
})
