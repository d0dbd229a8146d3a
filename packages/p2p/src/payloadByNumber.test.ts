import { bytesToHex, concatBytes, encodePayloadSsz } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { GRANITE, testBlock, testConfig } from '../testing/index.ts'
import {
  encodeRequest,
  encodeResponse,
  isRequestable,
  MAX_RESPONSE_SIZE,
  payloadByNumberProtocol,
  readResponse,
  timestampOfBlock,
  tryDecodeRequest,
} from './payloadByNumber.ts'
import { encodeSnappyFrames, tryDecodeSnappyFrames } from './snappyFrames.ts'

const bedrock = testConfig({ regolith: 0n })
const canyon = testConfig({ regolith: 0n, canyon: 0n, delta: 0n })
const ecotone = testConfig()
const isthmus = testConfig({ ...GRANITE, holocene: 0n, isthmus: 0n })

describe('payload_by_number', () => {
  it('[P2P-086] [P2P-087] has the id that op-node registers', () => {
    expect(payloadByNumberProtocol(901n)).toBe('/opstack/req/payload_by_number/901/0')
  })

  it('[P2P-089] asks with a little-endian u64', () => {
    expect(bytesToHex(encodeRequest(0x0102n))).toBe('0x0201000000000000')
    expect(tryDecodeRequest(encodeRequest(2n ** 64n - 1n))).toBe(2n ** 64n - 1n)
    expect(tryDecodeRequest(new Uint8Array(7))).toBeNull()
  })

  it('[P2P-090] [P2P-093] answers before Ecotone with version 0 and the bare payload', () => {
    for (const config of [bedrock, canyon]) {
      const block = testBlock({ config })
      const bytes = encodeResponse(block)
      expect(bytesToHex(bytes.subarray(0, 5))).toBe('0x0000000000')
      expect(tryDecodeSnappyFrames(bytes.subarray(5), MAX_RESPONSE_SIZE)).toEqual(encodePayloadSsz(block))
      expect(readResponse(config, 1n, bytes)).toEqual({ code: 0, envelope: block })
    }
  })

  it('[P2P-094] answers from Ecotone with version 1 and the beacon root before the payload', () => {
    const block = testBlock({ config: ecotone, beaconRoot: `0x${'cd'.repeat(32)}` })
    const bytes = encodeResponse(block)
    expect(bytesToHex(bytes.subarray(0, 5))).toBe('0x0001000000')
    const data = tryDecodeSnappyFrames(bytes.subarray(5), MAX_RESPONSE_SIZE) as Uint8Array
    expect(bytesToHex(data.subarray(0, 32))).toBe(`0x${'cd'.repeat(32)}`)
    expect(readResponse(ecotone, 1n, bytes)).toEqual({ code: 0, envelope: block })
  })

  it('[P2P-095] answers Isthmus with version 1 too, and refuses version 2', () => {
    const block = testBlock({ config: isthmus })
    const bytes = encodeResponse(block)
    expect(bytes[1]).toBe(1)
    expect(readResponse(isthmus, 1n, bytes)).toEqual({ code: 0, envelope: block })
    bytes[1] = 2
    expect(readResponse(isthmus, 1n, bytes)).toEqual({ code: null, reason: 'payload version 2' })
  })

  it('[P2P-091] reads the codes of answers without a payload', () => {
    for (const code of [1, 2, 3, 4, 127, 128, 255])
      expect(readResponse(ecotone, 1n, Uint8Array.of(code)).code).toBe(code)
    expect(readResponse(ecotone, 1n, Uint8Array.of()).code).toBeNull()
  })

  it('[P2P-097] refuses another number, a wrong hash and rubbish', () => {
    const reason = (bytes: Uint8Array) => (readResponse(ecotone, 1n, bytes) as { reason: string }).reason
    expect(reason(encodeResponse(testBlock({ number: 2n })))).toBe('block 2 instead')
    expect(reason(encodeResponse(testBlock({ overrides: { blockHash: `0x${'ab'.repeat(32)}` } })))).toBe(
      'bad block hash',
    )
    expect(reason(Uint8Array.of(0, 1, 0))).toBe('no version')
    expect(reason(Uint8Array.of(0, 1, 0, 0, 0, 1, 2, 3))).toBe('bad compression')
    expect(reason(concatBytes(Uint8Array.of(0, 1, 0, 0, 0), encodeSnappyFrames(new Uint8Array(10))))).toBe(
      'bad encoding',
    )
  })

  it('[P2P-096] refuses more than 10 MiB of payload', () => {
    const frames = encodeSnappyFrames(new Uint8Array(MAX_RESPONSE_SIZE + 1))
    expect(readResponse(ecotone, 1n, concatBytes(Uint8Array.of(0, 1, 0, 0, 0), frames))).toEqual({
      code: null,
      reason: 'bad compression',
    })
  })

  it('[P2P-100] takes numbers from genesis to what the clock makes the newest block', () => {
    const genesis = { ...ecotone.genesis, l2: { ...ecotone.genesis.l2, number: 100n } }
    const config = { ...ecotone, genesis }
    const now = genesis.l2Time + 7n
    expect([99n, 100n, 103n, 104n].map((number) => isRequestable(config, number, now))).toEqual([
      false,
      true,
      true,
      false,
    ])
    expect(timestampOfBlock(config, 103n)).toBe(genesis.l2Time + 6n)
  })
})
