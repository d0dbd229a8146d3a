import fc from 'fast-check'
import { fromRlp, toRlp } from 'viem'
import { describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { decodeRlp, encodeRlp, MAX_RLP_DEPTH, type RlpItem, RlpReader } from './rlp.ts'

const bytes = fc.uint8Array({ maxLength: 80 })
const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof({ maxDepth: 4 }, bytes, fc.array(tie('item'), { maxLength: 5 })),
}))

describe('encodeRlp', () => {
  it('agrees with an independent encoder', () => {
    fc.assert(
      fc.property(item, (value) => {
        expect(encodeRlp(value)).toEqual(toRlp(value as never, 'bytes'))
      }),
    )
  })

  it('writes quantities without leading zeros and hex as bytes', () => {
    expect(bytesToHex(encodeRlp([0n, 1, 127n, 128, 256n, '0x', '0x00', '0x7f', '0x80']))).toBe(
      '0xcd80017f818082010080007f8180',
    )
    expect(encodeRlp('0xdeadbeef', 0x7e)).toEqual(Uint8Array.of(0x7e, 0x84, 0xde, 0xad, 0xbe, 0xef))
    expect(() => encodeRlp(-1n)).toThrow(CodecError)
  })

  it('uses the long form from 56 bytes and for long lists', () => {
    for (const length of [54, 55, 56, 57, 255, 256, 65_535, 65_536]) {
      const value = [new Uint8Array(length).fill(0xff), [Uint8Array.of(1)]]
      expect(decodeRlp(encodeRlp(value))).toEqual(value)
      expect(fromRlp(encodeRlp(value), 'bytes')).toEqual(value)
    }
  })
})

describe('decodeRlp', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(item, (value) => {
        expect(decodeRlp(encodeRlp(value))).toEqual(value)
      }),
    )
  })

  it('gives views of the bytes, not copies', () => {
    const encoded = encodeRlp([Uint8Array.of(1, 2, 3)])
    const [first] = decodeRlp(encoded) as Uint8Array[]
    expect(first?.buffer).toBe(encoded.buffer)
  })

  it('throws nothing but CodecError, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
        try {
          const value = decodeRlp(input)
          expect(encodeRlp(value)).toEqual(input)
        } catch (err) {
          expect(err).toBeInstanceOf(CodecError)
        }
      }),
      { numRuns: 5000 },
    )
  })

  const refused: Record<string, string> = {
    'no bytes': '0x',
    'a byte below 0x80 with a header': '0x8101',
    'a long length for a short string': '0xb801ff',
    'a length with a leading zero': `0xb90038${'ff'.repeat(56)}`,
    'a string cut short': '0x83ffff',
    'a list cut short': '0xc3ffff',
    'a list whose item runs past it': '0xc283ffffff',
    'a length of 8 bytes beyond everything': '0xbfffffffffffffffff',
    'a length of 8 bytes with leading zeros': `0xbf00000000000000${'38'}${'00'.repeat(56)}`,
    'a length that is cut short': '0xb9ff',
    'bytes after the end': '0x8000',
  }
  for (const [what, hex] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => decodeRlp(hexToBytes(hex))).toThrow(CodecError)
    })
  }

  it('refuses lists nested beyond its bound, and does not overflow the stack', () => {
    let nested: RlpItem = []
    for (let i = 0; i < MAX_RLP_DEPTH; i++) nested = [nested]
    expect(() => decodeRlp(encodeRlp(nested))).toThrow('nested')
  })
})

describe('RlpReader', () => {
  it('reads items one by one, each as what is asked for', () => {
    const reader = new RlpReader(encodeRlp([5n, '0xaabb', [1n, 2n], 2n ** 64n - 1n]))
    const list = reader.list()
    expect(list.quantity()).toBe(5n)
    expect(list.fixed(2)).toEqual(Uint8Array.of(0xaa, 0xbb))
    expect(list.atList).toBe(true)
    expect(list.raw()).toEqual(Uint8Array.of(0xc2, 1, 2))
    expect(list.uint64()).toBe(2n ** 64n - 1n)
    expect(list.done).toBe(true)
    list.expectEnd()
    reader.expectEnd()
  })

  it('refuses the wrong kind, length or size', () => {
    const reader = () => new RlpReader(encodeRlp([2n ** 64n, '0x0001', []])).list()
    expect(() => reader().uint64()).toThrow('at most 8')
    expect(() => reader().list()).toThrow('list belongs')
    expect(() => reader().expectEnd()).toThrow('after the end')
    const second = reader()
    second.string()
    expect(() => second.quantity()).toThrow('leading zero')
    const third = reader()
    third.string()
    expect(() => third.fixed(3)).toThrow('2 bytes instead of 3')
    expect(() => third.string()).toThrow('list where a string')
    third.list()
    expect(() => third.string()).toThrow('1 bytes needed')
  })
})
