import { createHash } from 'node:crypto'
import { tryDecodeSnappy } from './snappyBlock.ts'

const VALID_SNAPPY = Uint8Array.of(1, 0, 0, 0)
const INVALID_SNAPPY = Uint8Array.of(0, 0, 0, 0)

/**
 * First 20 bytes of SHA-256(domain ‖ topic length u64 LE ‖ topic ‖ content), the form that op-node uses: the content is
 * the decompressed data, or the raw data under another domain when it does not decompress within the limit.
 *
 * The text of the specification leaves the topic out; ids are exchanged between peers, so the implementations decide.
 *
 * @param decode - decompression, exchangeable so that its result can be kept for validation
 * @see specs/protocol/rollup-node-p2p.md#message-id-computation
 */
export function messageId(
  topic: string,
  data: Uint8Array,
  decode: (data: Uint8Array) => Uint8Array | null = tryDecodeSnappy,
): Uint8Array {
  const decoded = decode(data)
  const topicBytes = new TextEncoder().encode(topic)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setUint32(0, topicBytes.length, true)
  const hash = createHash('sha256')
  hash.update(decoded ? VALID_SNAPPY : INVALID_SNAPPY)
  hash.update(length)
  hash.update(topicBytes)
  hash.update(decoded ?? data)
  return Uint8Array.from(hash.digest().subarray(0, 20))
}
