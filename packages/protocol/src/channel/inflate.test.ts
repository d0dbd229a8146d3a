import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../bytes.ts'
import { ByteSink } from './byteSink.ts'
import { Inflater } from './inflate.ts'

function drain(stream: Inflater, size = 4_096): Uint8Array {
  const sink = new ByteSink()
  while (stream.end === null) stream.read(sink, size)
  return sink.bytes
}

/** Text-like bytes with repeats near and far. */
const inputs = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 400 })), { maxLength: 12 })
  .map((parts) => concatBytes(...parts.flatMap(([bytes, count]) => Array.from({ length: count }, () => bytes))))

const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE]

describe('inflate in JavaScript', () => {
  it('[DER-100] unpacks what zlib packs: stored, fixed and dynamic blocks, at every level', () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: 0, max: 9 }), fc.constantFrom(...strategies), (input, level, strategy) => {
        const packed = deflateRawSync(input, { level, strategy })
        const stream = new Inflater(concatBytes(packed, Uint8Array.of(1, 2, 3)))
        expect(Buffer.compare(drain(stream), input)).toBe(0)
        expect([stream.end, stream.position]).toEqual(['complete', packed.length])
      }),
      { numRuns: 150 },
    )
  })

  it('[DER-106] gives what zlib gives of a stream that is cut short, but for its last bits', () => {
    const inflated = (bytes: Uint8Array) => inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
    fc.assert(
      fc.property(inputs, fc.integer({ min: 0, max: 9 }), fc.nat(), (input, level, cut) => {
        const packed = deflateRawSync(input, { level })
        const short = packed.subarray(0, cut % packed.length)
        const stream = new Inflater(short)
        const own = drain(stream)
        expect(stream.end).toBe('truncated')
        // Like op-node it reads no symbol from fewer bits than the end of the block has.
        expect(inflated(short).indexOf(own)).toBe(0)
        expect(Buffer.from(own).indexOf(inflated(short.subarray(0, -2)))).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('[DER-106] agrees with zlib on which streams are corrupt', () => {
    fc.assert(
      fc.property(
        inputs,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 2 }),
        (input, changes) => {
          const packed = Uint8Array.from(deflateRawSync(input))
          for (const [at, value] of changes) packed[at % packed.length] = value
          const stream = new Inflater(packed)
          const own = drain(stream)
          let native: Uint8Array | null = null
          try {
            native = inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH })
          } catch {}
          if (native) {
            expect(stream.end === 'complete' || stream.end === 'truncated').toBe(true)
            if (stream.end === 'complete') expect(Buffer.compare(own, native)).toBe(0)
            else expect(Buffer.from(native).indexOf(own)).toBe(0)
          } else {
            // zlib also refuses codes without an end, which do no harm until the data runs out.
            expect(stream.end).not.toBeNull()
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('[DER-106] tells of an error with the last bytes that came before it', () => {
    const good = deflateRawSync(new Uint8Array(40_000).fill(7), { finishFlush: constants.Z_SYNC_FLUSH })
    const reads = (packed: Uint8Array, size: number) => {
      const stream = new Inflater(packed)
      const sink = new ByteSink()
      const list: unknown[] = []
      while (stream.end === null) list.push(stream.read(sink, size), stream.end)
      return list
    }
    const badFlush = concatBytes(good.subarray(0, -4), Uint8Array.of(0, 0, 0, 0))
    const badLength = { corrupt: 'length of a stored block' }
    expect(reads(badFlush, 100_000)).toEqual([32_768, null, 7_232, badLength])
    expect(reads(badFlush, 7_200).slice(-4)).toEqual([7_200, null, 32, badLength])
    // An empty stored block hands out what is there: the error after it comes by itself.
    const badBlock = { corrupt: 'block type 3' }
    expect(reads(concatBytes(good, Uint8Array.of(7)), 100_000)).toEqual([32_768, null, 7_232, null, 0, badBlock])
  })

  it('crosses window borders with matches of every distance', () => {
    const block = Uint8Array.from({ length: 32_768 }, (_, i) => (i * i) >>> 7)
    const input = concatBytes(...Array.from({ length: 12 }, () => block))
    const stream = new Inflater(deflateRawSync(input, { level: 9 }))
    expect(Buffer.compare(drain(stream), input)).toBe(0)
  })
})
