import { describe, expect, it } from 'vitest'
import {
  bytesToHex,
  decodePayloadSsz,
  encodePayloadSsz,
  type Hash,
  type Hex,
  hexToBytes,
  type PayloadVersion,
  payloadBlockHash,
  payloadFromJson,
  payloadHash,
  payloadSigningHash,
  payloadVersionOf,
  recoverAddress,
} from '../src/index.ts'
import { FIXTURES_ABSENT } from '../testing/index.ts'
import { unpackSnappyBlock } from './snappyBlock.ts'
import { hasFixtures, vectorsOf } from './vectorFile.ts'

type Input = { topicVersion: 0 | 1 | 2 | 3; chainId?: number; message: Hex }
type Expected = {
  signature?: Hex
  payloadHash: Hash
  signingHash?: Hash
  signingHashChain10?: Hash
  signer?: Hex
  signerIfChain10?: Hex
  parentBeaconBlockRoot: Hash | null
  payload?: Record<string, unknown>
  blockHash?: Hash
  blockHashMatchesFields: boolean
  txCount?: number
}

it.skipIf(hasFixtures)(FIXTURES_ABSENT, () => {
  expect(hasFixtures).toBe(false)
})

describe.skipIf(!hasFixtures)('gossiped payloads, vectors/gossip-envelope.json', () => {
  for (const { name, input, expected } of vectorsOf<Input, Expected>('gossip-envelope')) {
    const message = () => unpackSnappyBlock(hexToBytes(input.message))
    const version = (input.topicVersion + 1) as PayloadVersion

    it(`[P2P-047][P2P-048][P2P-051][P2P-053][P2P-054] reads and writes the SSZ payload of ${name}`, () => {
      const bytes = message().subarray(65)
      const envelope = decodePayloadSsz(bytes, version)
      const payload = envelope.executionPayload
      expect(payloadVersionOf(payload)).toBe(version)
      expect(envelope.parentBeaconBlockRoot ?? null).toBe(expected.parentBeaconBlockRoot)
      if (expected.payload) expect(payload).toEqual(payloadFromJson(expected.payload))
      if (expected.blockHash) expect(payload.blockHash).toBe(expected.blockHash)
      if (expected.txCount !== undefined) expect(payload.transactions.length).toBe(expected.txCount)
      expect(payloadBlockHash(envelope) === payload.blockHash).toBe(expected.blockHashMatchesFields)
      expect(bytesToHex(encodePayloadSsz(envelope))).toBe(bytesToHex(bytes))
    })

    it(`[P2P-049][P2P-056][P2P-057] finds the signer of ${name}`, () => {
      const bytes = message()
      const payload = bytes.subarray(65)
      const signingHash = payloadSigningHash(BigInt(input.chainId ?? 10), payload)
      expect(bytesToHex(payloadHash(payload))).toBe(expected.payloadHash)
      expect(bytesToHex(signingHash)).toBe(expected.signingHash ?? expected.signingHashChain10)
      const signer = recoverAddress(signingHash, bytes.subarray(0, 64), bytes[64] as 0 | 1)
      expect(signer).toBe(expected.signer ?? expected.signerIfChain10)
    })
  }
})
