import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forksUpTo, testAddress, testEnvelope, testRollupConfig } from '../testing/index.ts'
import { CodecError } from './codecError.ts'
import { payloadBlockHash } from './payloadHeader.ts'
import { decodePayloadSsz, encodePayloadSsz, payloadVersionAt, payloadVersionOf } from './payloadSsz.ts'

const forkOf = { 1: 'regolith', 2: 'canyon', 3: 'ecotone', 4: 'isthmus' } as const
const sizes = { 1: 508, 2: 512, 3: 528 + 32, 4: 560 + 32 } as const

function sample(version: 1 | 2 | 3 | 4) {
  const config = testRollupConfig({ forks: forksUpTo(forkOf[version]) })
  const transactions = [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(300).fill(9)]
  return testEnvelope({ config, transactions, payload: { baseFeePerGas: 2n ** 200n + 1n } })
}

describe('SSZ payloads', () => {
  for (const version of [1, 2, 3, 4] as const) {
    const envelope = sample(version)
    const bytes = encodePayloadSsz(envelope)

    it(`[P2P-051][P2P-052][P2P-053][P2P-054] of V${version} go there and back`, () => {
      expect(payloadVersionOf(envelope.executionPayload)).toBe(version)
      expect(decodePayloadSsz(bytes, version)).toEqual(envelope)
      expect(payloadBlockHash(envelope)).toBe(envelope.executionPayload.blockHash)
      const bare = encodePayloadSsz({
        ...envelope,
        executionPayload: { ...envelope.executionPayload, extraData: '0x', transactions: [] },
      })
      expect(bare.length).toBe(sizes[version])
    })

    it(`of V${version} are refused when cut short, or read as another version`, () => {
      for (let end = 0; end < sizes[version]; end += 7) {
        expect(() => decodePayloadSsz(bytes.subarray(0, end), version)).toThrow(CodecError)
      }
      for (const other of [1, 2, 3, 4] as const) {
        if (other !== version) expect(() => decodePayloadSsz(bytes, other)).toThrow(CodecError)
      }
    })

    it(`of V${version} throw nothing but CodecError, whatever byte is changed`, () => {
      const change = fc.tuple(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }))
      fc.assert(
        fc.property(change, ([at, byte]) => {
          try {
            const decoded = decodePayloadSsz(bytes.with(at, byte), version)
            expect(encodePayloadSsz(decoded)).toEqual(bytes.with(at, byte))
          } catch (err) {
            expect(err).toBeInstanceOf(CodecError)
          }
        }),
        { numRuns: 500 },
      )
    })
  }

  const envelope = sample(4)
  const bytes = encodePayloadSsz(envelope)
  const withUint32 = (at: number, value: number) => {
    const copy = bytes.slice()
    new DataView(copy.buffer).setUint32(32 + at, value, true)
    return copy
  }

  it('[P2P-055] need the first offset at the fixed size, and offsets that neither go down nor leave the buffer', () => {
    const bad = [
      withUint32(436, 559),
      withUint32(436, 561),
      withUint32(504, 559),
      withUint32(508, 560),
      withUint32(504, 2 ** 32 - 1),
      withUint32(508, bytes.length),
    ]
    for (const wrong of bad) expect(() => decodePayloadSsz(wrong, 4)).toThrow('bad payload')
  })

  it('[P2P-055] hold at most 32 bytes of extra data and 16 withdrawals', () => {
    const withExtra = (length: number) =>
      encodePayloadSsz({
        ...envelope,
        executionPayload: { ...envelope.executionPayload, extraData: `0x${'11'.repeat(length)}` },
      })
    expect(decodePayloadSsz(withExtra(32), 4).executionPayload.extraData.length).toBe(66)
    expect(() => decodePayloadSsz(withExtra(33), 4)).toThrow('extra data of 33')
    const withdrawal = { index: 1n, validatorIndex: 2n, address: testAddress(3), amount: 4n }
    const withWithdrawals = (count: number) => ({
      ...envelope,
      executionPayload: { ...envelope.executionPayload, withdrawals: new Array(count).fill(withdrawal) },
    })
    expect(decodePayloadSsz(encodePayloadSsz(withWithdrawals(16)), 4)).toEqual(withWithdrawals(16))
    expect(() => decodePayloadSsz(encodePayloadSsz(withWithdrawals(17)), 4)).toThrow('17 withdrawals')
  })

  it('[P2P-055] hold at most 2^20 transactions', () => {
    const many = { ...envelope.executionPayload, transactions: new Array((1 << 20) + 1).fill(new Uint8Array(0)) }
    expect(() => decodePayloadSsz(encodePayloadSsz({ ...envelope, executionPayload: many }), 4)).toThrow('transactions')
  })

  it('give transactions as views of the bytes', () => {
    const [first] = decodePayloadSsz(bytes, 4).executionPayload.transactions
    expect(first?.buffer).toBe(bytes.buffer)
  })

  it('[P2P-048] need the beacon root from Ecotone', () => {
    expect(() => encodePayloadSsz({ executionPayload: envelope.executionPayload })).toThrow('beacon')
  })

  it('have their version from the time of the block', () => {
    const config = testRollupConfig({ forks: { regolith: 0n, canyon: 10n, delta: 20n, ecotone: 30n, isthmus: 40n } })
    expect([9n, 10n, 30n, 40n].map((timestamp) => payloadVersionAt(config, timestamp))).toEqual([1, 2, 3, 4])
  })
})
