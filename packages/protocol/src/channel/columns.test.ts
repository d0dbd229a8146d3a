import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '../../testing/fixtures.ts'
import { bytesToHex, hexToBytes } from '../bytes.ts'
import type { Hex } from '../primitives.ts'
import { ChannelError } from './channelError.ts'
import { bitAt, ColumnReader, countBits, decodeUvarint, encodeBits, encodeUvarint } from './columns.ts'

describe('uvarint', () => {
  it('[DER-121] holds up to 64 bits in at most ten bytes', () => {
    const largest = Uint8Array.of(...Array(9).fill(0xff), 1)
    expect(decodeUvarint(largest)).toEqual({ value: 2n ** 64n - 1n, end: 10 })
    expect(() => decodeUvarint(Uint8Array.of(...Array(9).fill(0xff), 2))).toThrow('exceeds 64 bits')
    expect(() => decodeUvarint(Uint8Array.of(...Array(10).fill(0x80), 0))).toThrow('exceeds 64 bits')
    expect(() => decodeUvarint(Uint8Array.of(...Array(9).fill(0x80)))).toThrow(ChannelError)
    expect(() => decodeUvarint(new Uint8Array(0))).toThrow('cut short')
  })

  it('[DER-121] may be longer than it need be, as op-node accepts it', () => {
    expect(decodeUvarint(Uint8Array.of(0x80, 0))).toEqual({ value: 0n, end: 2 })
    expect(decodeUvarint(Uint8Array.of(0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0))).toEqual({
      value: 5n,
      end: 10,
    })
  })

  it('[DER-121] comes back as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 63 }), (large, shift) => {
        const value = large >> BigInt(shift)
        const bytes = encodeUvarint(value)
        expect(decodeUvarint(bytes)).toEqual({ value, end: bytes.length })
      }),
    )
  })
})

type Vector = { name: string; input: { value: string }; expected: { encoding: Hex } }

describe.skipIf(!fixtureFolder())(`vectors/uvarint.json (${FIXTURES_ABSENT} otherwise)`, () => {
  const { vectors } = fixtureFolder() ? readFixture<{ vectors: Vector[] }>('vectors/uvarint.json') : { vectors: [] }
  for (const { name, input, expected } of vectors) {
    it(`[DER-121] ${name}`, () => {
      const bytes = hexToBytes(expected.encoding)
      expect(bytesToHex(encodeUvarint(BigInt(input.value)))).toBe(expected.encoding)
      expect(decodeUvarint(bytes)).toEqual({ value: BigInt(input.value), end: bytes.length })
    })
  }
})

describe('bitlist', () => {
  it('[DER-122] is a big-endian integer padded on the left; bit 0 is the least significant', () => {
    const bits = new ColumnReader(Uint8Array.of(0b01, 0b1000_0001)).bits(10, 'bits')
    expect(Array.from({ length: 10 }, (_, i) => bitAt(bits, i))).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 1, 0])
    expect(countBits(bits)).toBe(3)
  })

  it('[DER-122] is malformed when a bit at or above its length is set', () => {
    expect(() => new ColumnReader(Uint8Array.of(0b100, 0)).bits(10, 'bits')).toThrow('bit at or above 10')
    expect(new ColumnReader(Uint8Array.of(0b11, 0)).bits(10, 'bits').length).toBe(10)
    expect(() => new ColumnReader(Uint8Array.of(0)).bits(9, 'bits')).toThrow('2 bytes needed')
  })

  it('[DER-122] comes back as it was written', () => {
    const bit = fc.constantFrom<0 | 1>(0, 1)
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 70 }), (bits) => {
        const read = new ColumnReader(encodeBits(bits)).bits(bits.length, 'bits')
        expect(bits.map((_, i) => bitAt(read, i))).toEqual(bits)
        expect(countBits(read)).toBe(bits.filter((value) => value === 1).length)
      }),
    )
  })
})
