import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBlob, encodeBlob, tryDecodeBlob } from './blob.ts'
import { ChannelError } from './channelError.ts'
import { BLOB_SIZE, MAX_BLOB_DATA_SIZE } from './constants.ts'

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + 13) & 0xff)

function codeOf(blob: Uint8Array): string {
  try {
    decodeBlob(blob)
    return 'valid'
  } catch (error) {
    return error instanceof ChannelError ? error.fault.code : String(error)
  }
}

const changed = (blob: Uint8Array, at: number, value: number) => {
  const copy = blob.slice()
  copy[at] = value
  return copy
}

describe('blob encoding', () => {
  it('[DER-047] is of blobs of 131,072 bytes only', () => {
    expect(encodeBlob(bytes(5))).toHaveLength(BLOB_SIZE)
    expect(codeOf(new Uint8Array(BLOB_SIZE - 1))).toBe('blobSize')
    expect(codeOf(new Uint8Array(BLOB_SIZE + 1))).toBe('blobSize')
  })

  it('[DER-048] [BAT-020] holds 130,044 bytes of data: 1,024 groups of 127 less the header', () => {
    const data = bytes(MAX_BLOB_DATA_SIZE)
    expect(decodeBlob(encodeBlob(data))).toEqual(data)
    expect(() => encodeBlob(bytes(MAX_BLOB_DATA_SIZE + 1))).toThrow(ChannelError)
  })

  it('[DER-049] puts tails of 31 bytes between x, y and z', () => {
    const data = bytes(123)
    const blob = encodeBlob(data)
    // The stream has four header bytes before the data.
    expect(blob.subarray(5, 32)).toEqual(data.subarray(0, 27))
    expect(blob.subarray(33, 64)).toEqual(data.subarray(28, 59))
    expect(blob.subarray(65, 96)).toEqual(data.subarray(60, 91))
    expect(blob.subarray(97, 128)).toEqual(data.subarray(92, 123))
  })

  it('[DER-050] spreads x, y and z over the low six bits of the heads', () => {
    const data = new Uint8Array(123)
    data[27] = 0b1011_0101 // x
    data[59] = 0b1110_0110 // y
    data[91] = 0b0110_1001 // z
    const blob = encodeBlob(data)
    expect([blob[0], blob[32], blob[64], blob[96]]).toEqual([0b11_0101, 0b10_0110, 0b10_1001, 0b01_1110])
  })

  it('[DER-051] puts x, y and z together from the heads', () => {
    const blob = encodeBlob(new Uint8Array(123))
    blob[0] = 0b10_1010
    blob[32] = 0b01_0110
    blob[64] = 0b11_0011
    blob[96] = 0b10_1101
    const data = decodeBlob(blob)
    expect(data[27]).toBe(0b0110_1010)
    expect(data[59]).toBe(0b1101_0110)
    expect(data[91]).toBe(0b1011_0011)
  })

  it('[DER-052] is invalid when a used field element has one of its top bits set', () => {
    const blob = encodeBlob(bytes(1_000))
    for (const element of [1, 2, 3, 4, 5, 30]) {
      for (const bit of [0x40, 0x80]) {
        expect(codeOf(changed(blob, 32 * element, (blob[32 * element] as number) | bit))).toBe('blobFieldElement')
      }
    }
  })

  it('[DER-052] masks those bits in the first field element, as the implementations of the real chains do', () => {
    const blob = encodeBlob(bytes(1_000))
    expect(decodeBlob(changed(blob, 0, (blob[0] as number) | 0x40))).toEqual(bytes(1_000))
  })

  it('[DER-053] is invalid with another version than 0', () => {
    for (const version of [1, 22, 255]) expect(codeOf(changed(encodeBlob(bytes(9)), 1, version))).toBe('blobVersion')
  })

  it('[DER-054] is invalid with a length above 130,044', () => {
    const blob = encodeBlob(bytes(MAX_BLOB_DATA_SIZE))
    expect(codeOf(blob)).toBe('valid')
    expect(codeOf(changed(blob, 4, (blob[4] as number) + 1))).toBe('blobLength')
    expect(codeOf(changed(blob, 2, 255))).toBe('blobLength')
  })

  it('[DER-055] is invalid when any byte after the data is not zero', () => {
    const blob = encodeBlob(bytes(130))
    for (let at = 0; at < BLOB_SIZE; at++) {
      const isData = at < 128 || (at > 128 && at < 128 + 1 + 7)
      if (isData || at % 997 > 4) continue
      expect(codeOf(changed(blob, at, 1)), `byte ${at}`).toBe('blobTrailing')
    }
    // Heads of elements: the second group's x begins at stream byte 158, beyond the 134 in use.
    expect(codeOf(changed(blob, 128, 1))).toBe('blobTrailing')
  })

  it('[DER-055] names the first byte in the wrong', () => {
    const blob = changed(encodeBlob(bytes(130)), 300, 1)
    expect(() => decodeBlob(blob)).toThrow('byte 300')
    expect(() => decodeBlob(changed(encodeBlob(bytes(130)), 200, 1))).toThrow('byte 200')
  })

  it('[DER-056] gives null for an invalid blob, no exception', () => {
    expect(tryDecodeBlob(new Uint8Array(BLOB_SIZE).fill(255))).toBeNull()
  })

  it('[DER-058] may hold no data', () => {
    expect(decodeBlob(new Uint8Array(BLOB_SIZE))).toHaveLength(0)
    expect(encodeBlob(new Uint8Array(0))).toEqual(new Uint8Array(BLOB_SIZE))
  })

  it('[DER-048] comes back as it was written, at any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_200 }), (data) => {
        expect(decodeBlob(encodeBlob(data))).toEqual(data)
      }),
      { numRuns: 60 },
    )
  })
})
