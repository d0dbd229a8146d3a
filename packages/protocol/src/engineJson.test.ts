import { describe, expect, it } from 'vitest'
import { forksUpTo, testEnvelope, testHash, testRollupConfig } from '../testing/index.ts'
import {
  accountProofFromJson,
  accountProofToJson,
  attributesFromJson,
  attributesToJson,
  envelopeFromJson,
  envelopeToJson,
  forkchoiceStateFromJson,
  forkchoiceStateToJson,
  forkchoiceUpdatedFromJson,
  forkchoiceUpdatedToJson,
  payloadStatusFromJson,
  payloadToJson,
} from './engineJson.ts'
import type { PayloadAttributes } from './payload.ts'
import { PREDEPLOYS } from './predeploys.ts'

const wire = <T>(json: T): Record<string, unknown> => JSON.parse(JSON.stringify(json))
const attributes: PayloadAttributes = {
  timestamp: 1n,
  prevRandao: testHash(1),
  suggestedFeeRecipient: PREDEPLOYS.sequencerFeeVault,
  withdrawals: [],
  parentBeaconBlockRoot: testHash(2),
  transactions: [Uint8Array.of(1, 2)],
  noTxPool: true,
  gasLimit: 30_000_000n,
  eip1559Params: '0x000000fa00000006',
  minBaseFee: 7n,
}

describe('Engine API JSON', () => {
  for (const fork of ['regolith', 'canyon', 'ecotone', 'isthmus', 'karst'] as const) {
    it(`carries a ${fork} payload there and back`, () => {
      const envelope = testEnvelope({ config: testRollupConfig({ forks: forksUpTo(fork) }) })
      const json = wire(envelopeToJson(envelope))
      expect(envelopeFromJson(json)).toEqual(envelope)
      expect(envelopeFromJson({ ...json, blockValue: '0x0', blobsBundle: {} })).toEqual(envelope)
      expect('withdrawals' in payloadToJson(envelope.executionPayload)).toBe(fork !== 'regolith')
    })
  }

  it('takes null for an absent field of a later fork', () => {
    const envelope = testEnvelope({ config: testRollupConfig({ forks: forksUpTo('regolith') }) })
    const json = wire(envelopeToJson(envelope))
    const payload = {
      ...(json.executionPayload as object),
      withdrawals: null,
      blobGasUsed: null,
      withdrawalsRoot: null,
    }
    expect(envelopeFromJson({ executionPayload: payload, parentBeaconBlockRoot: null })).toEqual(envelope)
  })

  it('[EXE-124] sends attributes as op-node does', () => {
    expect(attributesToJson(attributes)).toEqual({
      timestamp: '0x1',
      prevRandao: testHash(1),
      suggestedFeeRecipient: PREDEPLOYS.sequencerFeeVault,
      withdrawals: [],
      parentBeaconBlockRoot: testHash(2),
      transactions: ['0x0102'],
      noTxPool: true,
      gasLimit: '0x1c9c380',
      eip1559Params: '0x000000fa00000006',
      minBaseFee: 7,
    })
    const { withdrawals, parentBeaconBlockRoot, eip1559Params, minBaseFee, ...bedrock } = attributes
    expect(attributesToJson({ ...bedrock, transactions: [], noTxPool: false })).toEqual({
      timestamp: '0x1',
      prevRandao: testHash(1),
      suggestedFeeRecipient: PREDEPLOYS.sequencerFeeVault,
      gasLimit: '0x1c9c380',
    })
  })

  it('reads attributes with the minimum base fee as number or quantity', () => {
    const json = wire(attributesToJson(attributes))
    expect(attributesFromJson(json)).toEqual(attributes)
    expect(attributesFromJson({ ...json, minBaseFee: '0x7' })).toEqual(attributes)
    expect(() => attributesFromJson({ ...json, eip1559Params: '0x00' })).toThrow('$.eip1559Params: not 8 bytes')
  })

  it('carries forkchoice calls and their answers', () => {
    const state = { headBlockHash: testHash(1), safeBlockHash: testHash(2), finalizedBlockHash: testHash(3) }
    expect(forkchoiceStateFromJson(wire(forkchoiceStateToJson(state)))).toEqual(state)
    const valid = { status: 'VALID', latestValidHash: testHash(1), validationError: null } as const
    for (const payloadId of [null, '0x0102030405060708'] as const) {
      const result = { payloadStatus: valid, payloadId }
      expect(forkchoiceUpdatedFromJson(wire(forkchoiceUpdatedToJson(result)))).toEqual(result)
    }
    expect(payloadStatusFromJson({ status: 'SYNCING' })).toEqual({
      status: 'SYNCING',
      latestValidHash: null,
      validationError: null,
    })
    expect(() => payloadStatusFromJson({ status: 'MAYBE' })).toThrow('$.status: unknown status MAYBE')
  })

  it('reads proofs with short storage keys', () => {
    const json = {
      address: PREDEPLOYS.l2ToL1MessagePasser,
      balance: '0x0',
      codeHash: testHash(1),
      nonce: '0x0',
      storageHash: testHash(2),
      accountProof: ['0xc0'],
      storageProof: [{ key: '0x1', value: '0x2', proof: ['0xc1'] }],
    }
    const proof = accountProofFromJson(json)
    expect(proof.storageProof[0]).toEqual({ key: `0x${'1'.padStart(64, '0')}`, value: 2n, proof: ['0xc1'] })
    expect(accountProofFromJson(wire(accountProofToJson(proof)))).toEqual(proof)
  })
})
