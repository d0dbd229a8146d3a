import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bigintToBytes,
  bytesEqual,
  bytesToBigint,
  bytesToHex,
  compareBytes,
  concatBytes,
  hexToBytes,
  padLeft,
} from './bytes.ts'
import { CodecError } from './codecError.ts'

describe('hex', () => {
  it('goes there and back at every length around the switch to native code', () => {
    for (const length of [0, 1, 2, 31, 32, 63, 64, 65, 1000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37) & 0xff)
      const hex = bytesToHex(bytes)
      expect(hex).toBe(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`)
      expect(hexToBytes(hex)).toEqual(bytes)
      expect(hexToBytes(hex.toUpperCase().replace('0X', '0x'))).toEqual(bytes)
      expect(hexToBytes(hex).buffer.byteLength).toBe(length)
    }
  })

  it('refuses what is no hex of whole bytes, short and long', () => {
    const long = 'ab'.repeat(100)
    for (const bad of [
      '',
      '0',
      '12',
      '0x1',
      '0xzz',
      '0x 1',
      'xx12',
      `0x${long}z0`,
      `0x${long}a`,
      '0xéé',
      '0x\u0131\u0131',
    ]) {
      expect(() => hexToBytes(bad)).toThrow(CodecError)
    }
  })

  it('refuses characters whose low byte is a hex digit', () => {
    for (const length of [1, 40, 100]) expect(() => hexToBytes(`0x${'12'.repeat(length)}1\u0644`)).toThrow(CodecError)
  })

  it('shows a view, not the buffer behind it', () => {
    expect(bytesToHex(new Uint8Array(200).fill(1).subarray(10, 90))).toBe(`0x${'01'.repeat(80)}`)
  })
})

describe('quantities', () => {
  it('go there and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        const bytes = bigintToBytes(value)
        expect(bytes[0]).not.toBe(0)
        expect(bytesToBigint(bytes)).toBe(value)
        expect(bytesToBigint(bigintToBytes(value, 32))).toBe(value)
      }),
    )
  })

  it('are refused when negative or too large', () => {
    expect(() => bigintToBytes(-1n)).toThrow(RangeError)
    expect(() => bigintToBytes(256n, 1)).toThrow(RangeError)
    expect(bigintToBytes(0n)).toEqual(new Uint8Array(0))
    expect(bigintToBytes(0n, 2)).toEqual(new Uint8Array(2))
  })
})

describe('arrays', () => {
  it('are joined, padded, compared', () => {
    const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)]
    expect(concatBytes(a, b, new Uint8Array(0))).toEqual(Uint8Array.of(1, 2, 3))
    expect(padLeft(a, 4)).toEqual(Uint8Array.of(0, 0, 1, 2))
    expect(padLeft(a, 1)).toBe(a)
    expect(bytesEqual(a, Uint8Array.of(1, 2))).toBe(true)
    expect(bytesEqual(a, Uint8Array.of(1, 3))).toBe(false)
    expect(bytesEqual(a, Uint8Array.of(1))).toBe(false)
    expect([b, a, Uint8Array.of(1)].toSorted(compareBytes)).toEqual([Uint8Array.of(1), a, b])
  })
})
