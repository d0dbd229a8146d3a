import { randomBytes } from 'node:crypto'
import { Compressor, compressSync, Decompressor } from 'snappy'
import { describe, expect, it } from 'vitest'
import { encodeSnappy, MAX_GOSSIP_SIZE, snappyDecodedLength, tryDecodeSnappy } from './snappyBlock.ts'
import { encodeSnappyFrames, tryDecodeSnappyFrames } from './snappyFrames.ts'

const uvarint = (value: number) => {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return [...bytes, rest]
}

describe('snappy blocks', () => {
  it('[P2P-025] round trip, in the block format and not the framed one', () => {
    const data = Uint8Array.from({ length: 1000 }, (_, i) => i % 7)
    const packed = encodeSnappy(data)
    expect(tryDecodeSnappy(packed)).toEqual(data)
    expect(packed[0]).not.toBe(0xff)
    expect(tryDecodeSnappy(encodeSnappyFrames(data))).toBeNull()
  })

  it('[P2P-025] [P2P-029] a length past 10 MiB is refused before anything is decompressed', () => {
    expect(tryDecodeSnappy(Uint8Array.from([...uvarint(MAX_GOSSIP_SIZE + 1), 0, 0]))).toBeNull()
    expect(tryDecodeSnappy(compressSync(new Uint8Array(MAX_GOSSIP_SIZE)))?.length).toBe(MAX_GOSSIP_SIZE)
    expect(tryDecodeSnappy(compressSync(new Uint8Array(MAX_GOSSIP_SIZE + 1)))).toBeNull()
  })

  it('reads the length in front, or says that there is none', () => {
    expect(snappyDecodedLength(Uint8Array.from(uvarint(300)))).toBe(300)
    expect(snappyDecodedLength(Uint8Array.of())).toBeNull()
    expect(snappyDecodedLength(Uint8Array.of(0x80))).toBeNull()
    expect(snappyDecodedLength(Uint8Array.of(255, 255, 255, 255, 255, 1))).toBeNull()
  })

  it('gives plain arrays, whose slice copies', () => {
    const decoded = tryDecodeSnappy(encodeSnappy(Uint8Array.of(1, 2, 3)))
    expect(Buffer.isBuffer(decoded)).toBe(false)
  })
})

describe('snappy frames', () => {
  const samples = [
    new Uint8Array(0),
    Uint8Array.of(1),
    new Uint8Array(200_000).fill(9),
    Uint8Array.from(randomBytes(150_000)),
  ]

  it('[P2P-092] round trip data of any length, compressible or not', () => {
    for (const data of samples) expect(tryDecodeSnappyFrames(encodeSnappyFrames(data), 1 << 20)).toEqual(data)
  })

  it('[P2P-092] are read by another implementation, and read what it writes', async () => {
    for (const data of samples) {
      const decoder = new Decompressor()
      const theirs = Buffer.concat([decoder.update(encodeSnappyFrames(data)), await decoder.finish()])
      expect(Uint8Array.from(theirs)).toEqual(data)
      const encoder = new Compressor()
      const written = Buffer.concat([encoder.update(data), await encoder.finish()])
      if (written.length > 0) expect(tryDecodeSnappyFrames(written, 1 << 20)).toEqual(data)
    }
  })

  it('[P2P-096] stop at the limit of the decompressed size', () => {
    const framed = encodeSnappyFrames(new Uint8Array(100_000))
    expect(tryDecodeSnappyFrames(framed, 100_000)?.length).toBe(100_000)
    expect(tryDecodeSnappyFrames(framed, 99_999)).toBeNull()
  })

  it('are refused when cut short, changed, or without their beginning', () => {
    const framed = encodeSnappyFrames(Uint8Array.from({ length: 300 }, (_, i) => i & 3))
    for (let cut = 1; cut < framed.length; cut++) {
      const read = tryDecodeSnappyFrames(framed.subarray(0, cut), 1000)
      // Cut right after the identifier it is an empty stream.
      expect(read === null || (cut === 10 && read.length === 0)).toBe(true)
    }
    expect(tryDecodeSnappyFrames(framed.subarray(10), 1000)).toBeNull()
    const changed = Uint8Array.from(framed)
    changed[16] = (changed[16] as number) ^ 1
    expect(tryDecodeSnappyFrames(changed, 1000)).toBeNull()
  })
})
