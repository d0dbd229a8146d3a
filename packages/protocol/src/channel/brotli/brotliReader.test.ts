import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../bytes.ts'
import { ByteSink } from '../byteSink.ts'
import { BrotliReader } from './brotliReader.ts'

const READ = 4_096

function unpack(packed: Uint8Array, size = READ): { bytes: Uint8Array; end: BrotliReader['end'] } {
  const reader = new BrotliReader(packed)
  const sink = new ByteSink()
  while (reader.end === null) reader.read(sink, size)
  return { bytes: sink.bytes, end: reader.end }
}

/** Text-like bytes with repeats near and far, and words of the dictionary. */
const inputs = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.lorem().map((text) => new TextEncoder().encode(text)),
      ),
      fc.integer({ min: 1, max: 400 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => concatBytes(...parts.flatMap(([bytes, count]) => Array.from({ length: count }, () => bytes))))

const settings = fc.record({
  [constants.BROTLI_PARAM_QUALITY]: fc.integer({ min: 0, max: 11 }),
  [constants.BROTLI_PARAM_LGWIN]: fc.integer({ min: 10, max: 24 }),
  [constants.BROTLI_PARAM_LGBLOCK]: fc.constantFrom(0, 16, 18),
  [constants.BROTLI_PARAM_MODE]: fc.integer({ min: 0, max: 2 }),
  [constants.BROTLI_PARAM_NPOSTFIX]: fc.integer({ min: 0, max: 3 }),
})

/** Bits from the least one on, as brotli has them. */
function bitString(...fields: (readonly [value: number, bits: number])[]): Uint8Array {
  const bits = fields.flatMap(([value, count]) => Array.from({ length: count }, (_, i) => (value >> i) & 1))
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [i, bit] of bits.entries()) bytes[i >> 3] = (bytes[i >> 3] as number) | (bit << (i & 7))
  return bytes
}

const WINDOW_16_MIB = [0b1111, 4] as const
/** A metablock of 16 MiB, not the last. */
const LARGEST_METABLOCK = [
  [0, 1],
  [2, 2],
  [0xffffff, 24],
  [0, 1],
] as const
/** Everything before the commands of a metablock of one literal, one command and one distance; codes without bits. */
const oneOfEach = (literal: number, command: number, distance: number) =>
  [
    ...([
      [0, 3],
      [0, 6],
      [0, 2],
      [0, 2],
    ] as const),
    ...([
      [1, 4],
      [literal, 8],
    ] as const),
    ...([
      [1, 4],
      [command, 10],
    ] as const),
    ...([
      [1, 4],
      [distance, 6],
    ] as const),
  ] as const

describe('brotli in TypeScript', () => {
  it('[DER-103] unpacks what brotli packs: every quality, window and mode', () => {
    fc.assert(
      fc.property(inputs, settings, fc.integer({ min: 1, max: 100_000 }), (input, params, size) => {
        const { bytes, end } = unpack(brotliCompressSync(input, { params }), size)
        expect(Buffer.compare(bytes, input)).toBe(0)
        expect(end).toBe('complete')
      }),
      { numRuns: 150 },
    )
  })

  it('[DER-106] gives all that brotli gives of a stream that is cut short', () => {
    fc.assert(
      fc.property(inputs, settings, fc.nat(), (input, params, cut) => {
        const packed = brotliCompressSync(input, { params })
        const short = packed.subarray(0, cut % packed.length)
        const native = brotliDecompressSync(short, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
        const { bytes, end } = unpack(short)
        expect(end).toBe('truncated')
        expect(Buffer.compare(bytes, native)).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('[DER-106] agrees with brotli on which streams are corrupt', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 2 })
    fc.assert(
      fc.property(inputs, settings, changes, (input, params, list) => {
        const packed = Uint8Array.from(brotliCompressSync(input, { params }))
        for (const [at, value] of list) packed[at % packed.length] = value
        const { bytes, end } = unpack(packed)
        let native: Uint8Array | null = null
        try {
          native = brotliDecompressSync(packed, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
        } catch {}
        expect(end).not.toBeNull()
        if (native) expect(Buffer.compare(bytes, native)).toBe(0)
        else expect(end).toHaveProperty('corrupt')
      }),
      { numRuns: 500 },
    )
  })

  it('[DER-106] loses what was decoded after the last flush when the stream turns out corrupt', () => {
    const text = new TextEncoder().encode('first, then second, and so on. '.repeat(20))
    const good = brotliCompressSync(text, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
    const reserved = Uint8Array.of(0b0000_1110)
    expect(unpack(concatBytes(good, reserved)).bytes).toHaveLength(0)
    // Input comes in steps, the first of 4095 bytes, and what was decoded is written out when one is used up.
    const padded = (length: number) => {
      const skipped = length - good.length - 3
      const metadata = bitString([0, 1], [3, 2], [0, 1], [2, 2], [skipped - 1, 16])
      return concatBytes(good, metadata, new Uint8Array(skipped), reserved)
    }
    expect(unpack(padded(4_094)).bytes).toHaveLength(0)
    expect(unpack(padded(4_095)).bytes).toHaveLength(text.length)
    expect(unpack(padded(4_094 + 32_768)).bytes).toHaveLength(text.length)
  })

  it('refuses what follows the stream, after all of the stream', () => {
    const packed = brotliCompressSync(new Uint8Array(100_000).fill(7))
    const { bytes, end } = unpack(concatBytes(packed, Uint8Array.of(0)))
    expect([bytes.length, end]).toEqual([100_000, { corrupt: 'bytes after the end of the stream' }])
  })

  it('refuses windows beyond 16 MiB', () => {
    expect(unpack(Uint8Array.of(0x11, 0, 0, 0)).end).toEqual({ corrupt: 'a window beyond 16 MiB' })
  })

  it('has nothing of an empty input, and of a stream without content', () => {
    expect(unpack(new Uint8Array(0))).toMatchObject({ bytes: { length: 0 }, end: 'truncated' })
    expect(unpack(Uint8Array.of(0x3b))).toMatchObject({ bytes: { length: 0 }, end: 'complete' })
  })

  it('takes no memory on a claim', () => {
    const claim = bitString(WINDOW_16_MIB, ...LARGEST_METABLOCK)
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 100 }, () => {
      const reader = new BrotliReader(concatBytes(claim, Uint8Array.of(0, 0, 0)))
      reader.read(new ByteSink(), READ)
      return reader
    })
    expect(readers.every(({ end }) => end !== 'complete')).toBe(true)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024)
  })

  it('unfolds codes without bits at the pace of memory', () => {
    // Command 56: 22594 literals and more, told by 24 bits; here all the metablock has.
    const insertAll = 64 * 7 + 8 * 7
    const bomb = bitString(
      WINDOW_16_MIB,
      ...LARGEST_METABLOCK,
      ...oneOfEach(0x61, insertAll, 0),
      [0xffffff + 1 - 22_594, 24],
      [3, 2],
    )
    const { bytes, end } = unpack(bomb, 1 << 20)
    expect([bytes.length, end]).toEqual([16_777_216, 'complete'])
    expect(bytes.every((byte) => byte === 0x61)).toBe(true)
  })

  it('gives no more than is asked for, in any read', () => {
    const input = new Uint8Array(300_000).map((_, i) => (i * i) >> 7)
    const reader = new BrotliReader(brotliCompressSync(input))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), (size) => {
        const sink = new ByteSink()
        expect(reader.read(sink, size)).toBe(sink.length)
        expect(sink.length).toBeLessThanOrEqual(size)
      }),
      { numRuns: 100 },
    )
  })
})
