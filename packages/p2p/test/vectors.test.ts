import { ENR } from '@chainsafe/enr'
import {
  type Address,
  bytesToHex,
  encodePayloadSsz,
  type Hash,
  type Hex,
  hexToBytes,
  payloadBlockHash,
  payloadHash,
  payloadSigningHash,
  recoverAddress,
} from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { ManualClock } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import {
  type BlockVersion,
  createBlockValidator,
  createUnsafeSigner,
  encodeOpStackEntry,
  encodeSnappy,
  opStackEntryOf,
  tryDecodePayload,
  tryDecodeSnappy,
} from '../src/index.ts'
import { testConfig } from '../testing/index.ts'

type Vectors<I, E> = { vectors: { name: string; input: I; expected: E }[] }
const load = <I, E>(kind: string) => (fixtureFolder() ? readFixture<Vectors<I, E>>(`vectors/${kind}.json`).vectors : [])

type GossipInput = { topicVersion: BlockVersion; message: Hex; chainId?: number }
type GossipExpected = {
  signature?: Hex
  payloadHash: Hash
  signingHash?: Hash
  signer?: Address
  parentBeaconBlockRoot: Hash | null
  blockHash?: Hash
  txCount?: number
  sszLength?: number
  uncompressedLength?: number
  payload?: Record<string, unknown>
}

describe.skipIf(!fixtureFolder())(`gossip messages (${FIXTURES_ABSENT})`, () => {
  for (const { name, input, expected } of load<GossipInput, GossipExpected>('gossip-envelope')) {
    it(`[P2P-047] [P2P-048] [P2P-049] [P2P-050] [P2P-057] ${name}`, () => {
      const data = tryDecodeSnappy(hexToBytes(input.message)) as Uint8Array
      const signature = data.subarray(0, 65)
      const body = data.subarray(65)
      expect(bytesToHex(payloadHash(body))).toBe(expected.payloadHash)
      if (expected.uncompressedLength !== undefined) expect(data.length).toBe(expected.uncompressedLength)
      if (expected.signature) expect(bytesToHex(signature)).toBe(expected.signature)

      const envelope = tryDecodePayload(body, input.topicVersion)
      if (!envelope) throw new Error('the payload does not decode')
      expect(envelope.parentBeaconBlockRoot ?? null).toBe(expected.parentBeaconBlockRoot)
      expect(encodePayloadSsz(envelope)).toEqual(body)
      const { executionPayload: payload } = envelope
      if (expected.txCount !== undefined) expect(payload.transactions.length).toBe(expected.txCount)
      if (expected.payload) expect(payload.parentHash).toBe(expected.payload.parentHash)
      if (expected.blockHash)
        expect([payload.blockHash, payloadBlockHash(envelope)]).toEqual([expected.blockHash, expected.blockHash])

      if (expected.signer && input.chainId !== undefined) {
        const chainId = BigInt(input.chainId)
        const hash = payloadSigningHash(chainId, body)
        expect(bytesToHex(hash)).toBe(expected.signingHash)
        expect(recoverAddress(hash, signature, signature[64] === 1 ? 1 : 0)).toBe(expected.signer)

        const clock = new ManualClock(Number(payload.timestamp) * 1000)
        const config = { ...testConfig(), l2ChainId: chainId }
        const signer = createUnsafeSigner(
          () => expected.signer ?? null,
          () => clock.now(),
        )
        const judge = createBlockValidator({ config, version: input.topicVersion, signer, clock })
        expect(judge(hexToBytes(input.message)).verdict).toBe('accept')
        expect(judge(encodeSnappy(data)).reason).toBe('alreadySeen')
      }
    })
  }
})

type EnrExpected = {
  enrValueRlp?: Hex
  seq?: number
  nodeId?: Hex
  fields?: Record<string, unknown>
  opstack?: { chainId: number; version: number }
  signatureValid?: boolean
}

describe.skipIf(!fixtureFolder())(`node records (${FIXTURES_ABSENT})`, () => {
  for (const { name, input, expected } of load<{ enr?: string; chainId?: number; version?: number }, EnrExpected>(
    'enr-opstack',
  )) {
    it(`[P2P-006] [P2P-007] ${name}`, () => {
      if (input.enr === undefined) {
        const entry = encodeOpStackEntry({ chainId: BigInt(input.chainId ?? 0), version: BigInt(input.version ?? 0) })
        // As RLP: a string of fewer than 56 bytes.
        expect(bytesToHex(Uint8Array.from([0x80 + entry.length, ...entry]))).toBe(expected.enrValueRlp)
        return
      }
      const record = ENR.decodeTxt(input.enr)
      const entry = opStackEntryOf(record)
      expect(entry).toEqual({
        chainId: BigInt(expected.opstack?.chainId ?? 0),
        version: BigInt(expected.opstack?.version ?? 0),
      })
      expect(`0x${record.nodeId}`).toBe(expected.nodeId)
      expect([record.ip, record.tcp, record.udp]).toEqual([
        expected.fields?.ip,
        expected.fields?.tcp,
        expected.fields?.udp,
      ])
      expect(record.seq).toBe(BigInt(expected.seq ?? 0))
      expect(record.encodeTxt()).toBe(input.enr)
    })
  }
})

describe.skipIf(!fixtureFolder())(`signing hash (${FIXTURES_ABSENT})`, () => {
  for (const { name, input, expected } of load<
    { payloadBytes: Hex; chainId: number },
    { payloadHash: Hash; signingHash: Hash }
  >('signing-hash')) {
    it(`[P2P-056] ${name}`, () => {
      const bytes = hexToBytes(input.payloadBytes)
      expect(bytesToHex(payloadHash(bytes))).toBe(expected.payloadHash)
      expect(bytesToHex(payloadSigningHash(BigInt(input.chainId), bytes))).toBe(expected.signingHash)
    })
  }
})
