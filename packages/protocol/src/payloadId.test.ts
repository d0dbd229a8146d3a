import { describe, expect, it } from 'vitest'
import { testAddress, testHash } from '../testing/index.ts'
import type { PayloadAttributes } from './payload.ts'
import { attributesVersionOf, computePayloadId } from './payloadId.ts'

const attributes: PayloadAttributes = {
  timestamp: 5n,
  prevRandao: testHash(1),
  suggestedFeeRecipient: testAddress(2),
  withdrawals: [],
  parentBeaconBlockRoot: testHash(3),
  transactions: [Uint8Array.of(1)],
  noTxPool: true,
  gasLimit: 30_000_000n,
  eip1559Params: '0x000000fa00000006',
  minBaseFee: 1n,
}
const { withdrawals: _list, parentBeaconBlockRoot: _root, eip1559Params, minBaseFee, ...bedrock } = attributes

describe('payload ids', () => {
  it('[EXE-139][EXE-141] differ for every change of parent or attributes', () => {
    const others: PayloadAttributes[] = [
      { ...attributes, timestamp: 6n },
      { ...attributes, prevRandao: testHash(9) },
      { ...attributes, suggestedFeeRecipient: testAddress(9) },
      { ...attributes, parentBeaconBlockRoot: testHash(9) },
      { ...attributes, transactions: [] },
      { ...attributes, transactions: [Uint8Array.of(2)] },
      { ...attributes, transactions: [Uint8Array.of(1), Uint8Array.of(1)] },
      { ...attributes, noTxPool: false },
      { ...attributes, gasLimit: 30_000_001n },
      { ...attributes, eip1559Params: '0x000000fa00000007' },
      { ...attributes, minBaseFee: 2n },
      { ...bedrock, eip1559Params: '0x000000fa00000006' },
      bedrock,
    ]
    const ids = [attributes, ...others].map((entry) => computePayloadId(testHash(8), entry))
    ids.push(computePayloadId(testHash(7), attributes))
    expect(new Set(ids).size).toBe(ids.length)
    expect(computePayloadId(testHash(8), { ...attributes })).toBe(ids[0])
    expect([eip1559Params, minBaseFee]).toEqual(['0x000000fa00000006', 1n])
  })

  it('[EXE-139] begin with the version of the attributes', () => {
    const canyon = { ...bedrock, withdrawals: [] }
    expect([bedrock, canyon, attributes].map(attributesVersionOf)).toEqual([1, 2, 3])
    expect([bedrock, canyon, attributes].map((entry) => computePayloadId(testHash(8), entry).slice(0, 4))).toEqual([
      '0x01',
      '0x02',
      '0x03',
    ])
  })
})
