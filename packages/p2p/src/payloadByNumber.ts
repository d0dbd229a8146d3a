import {
  decodePayloadSsz,
  type ExecutionPayloadEnvelope,
  encodePayloadSsz,
  isForkActive,
  payloadBlockHash,
  payloadVersionAt,
  type RollupConfig,
} from '@keelson/protocol'
import { MAX_GOSSIP_SIZE } from './snappyBlock.ts'
import { encodeSnappyFrames, tryDecodeSnappyFrames } from './snappyFrames.ts'

/** The first byte of an answer. 128 and above are reserved; every code above 0 is as good as no answer. */
export const RESULT = { success: 0, notFound: 1, invalidRequest: 2, unknownError: 3 } as const

/** Of the decompressed payload. */
export const MAX_RESPONSE_SIZE = MAX_GOSSIP_SIZE
export const REQUEST_SIZE = 8
/** Name of the exchange, in metrics. */
export const PAYLOAD_BY_NUMBER = 'payload_by_number'

/**
 * op-node's id of the protocol: without the slash at the end that the text has; ids must match byte for byte.
 *
 * @see specs/protocol/rollup-node-p2p.md#payload_by_number
 */
export const payloadByNumberProtocol = (l2ChainId: bigint) => `/opstack/req/${PAYLOAD_BY_NUMBER}/${l2ChainId}/0`

/** A block number as u64, little endian. */
export function encodeRequest(number: bigint): Uint8Array {
  const bytes = new Uint8Array(REQUEST_SIZE)
  new DataView(bytes.buffer).setBigUint64(0, number, true)
  return bytes
}

/** `null`: shorter than a number. */
export const tryDecodeRequest = (bytes: Uint8Array): bigint | null =>
  bytes.length < REQUEST_SIZE ? null : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)

/** Time that a block of this number has. */
export const timestampOfBlock = ({ genesis, blockTime }: RollupConfig, number: bigint): bigint =>
  genesis.l2Time + (number - genesis.l2.number) * blockTime

/** Whether a block of this number can exist: from genesis to what the clock makes it. */
export function isRequestable(config: RollupConfig, number: bigint, nowSeconds: bigint): boolean {
  return number >= config.genesis.l2.number && timestampOfBlock(config, number) <= nowSeconds
}

/** An answer with a payload: code 0, version u32 LE (1 with the beacon root before the payload), snappy frames. */
export function encodeResponse(envelope: ExecutionPayloadEnvelope): Uint8Array {
  const frames = encodeSnappyFrames(encodePayloadSsz(envelope))
  const bytes = new Uint8Array(5 + frames.length)
  bytes[0] = RESULT.success
  new DataView(bytes.buffer).setUint32(1, envelope.parentBeaconBlockRoot === undefined ? 0 : 1, true)
  bytes.set(frames, 5)
  return bytes
}

export type Response =
  | { readonly code: 0; readonly envelope: ExecutionPayloadEnvelope }
  /** `code` as on the wire; `null`: what came is no answer to the question. */
  | { readonly code: number | null; readonly reason: string }

/** Reads the whole answer to a request for `number`, and checks number and block hash. */
export function readResponse(config: RollupConfig, number: bigint, bytes: Uint8Array): Response {
  const bad = (reason: string): Response => ({ code: null, reason })
  const code = bytes[0]
  if (code === undefined) return bad('empty answer')
  if (code !== RESULT.success) return { code, reason: `result code ${code}` }
  if (bytes.length < 5) return bad('no version')
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true)
  const timestamp = timestampOfBlock(config, number)
  // Isthmus too comes as version 1; the text's version 2 is not in use.
  if (version !== (isForkActive(config, 'ecotone', timestamp) ? 1 : 0)) return bad(`payload version ${version}`)
  const data = tryDecodeSnappyFrames(bytes.subarray(5), MAX_RESPONSE_SIZE)
  if (!data) return bad('bad compression')
  try {
    const envelope = decodePayloadSsz(data, payloadVersionAt(config, timestamp))
    const { blockNumber, blockHash } = envelope.executionPayload
    if (blockNumber !== number) return bad(`block ${blockNumber} instead`)
    if (payloadBlockHash(envelope) !== blockHash) return bad('bad block hash')
    return { code: 0, envelope }
  } catch {
    return bad('bad encoding')
  }
}
