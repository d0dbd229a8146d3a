import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../bytes.ts'
import type { Decompressor } from './compression.ts'
import { streamInflate } from './streamInflate.ts'

function drain(stream: Decompressor): Uint8Array {
  const pieces: Uint8Array[] = []
  for (let piece = stream.pull(); piece; piece = stream.pull()) pieces.push(piece.slice())
  return concatBytes(...pieces)
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
        const stream = streamInflate(concatBytes(packed, Uint8Array.of(1, 2, 3)))
        expect(Buffer.compare(drain(stream), input)).toBe(0)
        expect([stream.end, stream.consumed]).toEqual(['complete', packed.length])
      }),
      { numRuns: 150 },
    )
  })

  it('[DER-106] gives all that zlib gives of a stream that is cut short', () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: 0, max: 9 }), fc.nat(), (input, level, cut) => {
        const packed = deflateRawSync(input, { level })
        const short = packed.subarray(0, cut % packed.length)
        const stream = streamInflate(short)
        const own = drain(stream)
        const native = inflateRawSync(short, { finishFlush: constants.Z_SYNC_FLUSH })
        expect(stream.end).toBe('truncated')
        expect(Buffer.compare(own, native)).toBe(0)
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
          const stream = streamInflate(packed)
          const own = drain(stream)
          let native: Uint8Array | null = null
          try {
            native = inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH })
          } catch {}
          if (native) {
            expect(stream.end === 'complete' || stream.end === 'truncated').toBe(true)
            expect(Buffer.compare(own, native)).toBe(0)
          } else {
            // zlib also refuses codes without an end, which do no harm until the data runs out.
            expect(stream.end).not.toBeNull()
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('crosses window borders with matches of every distance', () => {
    const block = Uint8Array.from({ length: 32_768 }, (_, i) => (i * i) >>> 7)
    const input = concatBytes(...Array.from({ length: 12 }, () => block))
    const stream = streamInflate(deflateRawSync(input, { level: 9 }))
    expect(Buffer.compare(drain(stream), input)).toBe(0)
  })
})
