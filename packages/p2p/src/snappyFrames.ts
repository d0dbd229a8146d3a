import { concatBytes } from '@keelson/protocol'
import { encodeSnappy, tryDecodeSnappy } from './snappyBlock.ts'

/** `sNaPpY` in its chunk: how a framed stream begins. */
const STREAM_IDENTIFIER = Uint8Array.of(0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59)
const CHUNK_COMPRESSED = 0x00
const CHUNK_UNCOMPRESSED = 0x01
/** Uncompressed bytes of one chunk. */
const MAX_CHUNK = 65_536

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** CRC-32C of the bytes, masked as the framing format asks. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number)
  crc = ~crc >>> 0
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/**
 * Snappy's framing format, as req/resp has it.
 *
 * @see https://github.com/google/snappy/blob/main/framing_format.txt
 */
export function encodeSnappyFrames(data: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [STREAM_IDENTIFIER]
  for (let at = 0; at < data.length; at += MAX_CHUNK) {
    const plain = data.subarray(at, at + MAX_CHUNK)
    const packed = encodeSnappy(plain)
    const smaller = packed.length < plain.length - plain.length / 8
    const body = smaller ? packed : plain
    const head = new Uint8Array(8)
    const view = new DataView(head.buffer)
    view.setUint32(0, ((body.length + 4) << 8) | (smaller ? CHUNK_COMPRESSED : CHUNK_UNCOMPRESSED), true)
    view.setUint32(4, maskedCrc(plain), true)
    parts.push(head, body)
  }
  return concatBytes(...parts)
}

/** Decodes a whole framed stream of at most `maxBytes`; `null` when it is malformed, cut short or longer. */
export function tryDecodeSnappyFrames(data: Uint8Array, maxBytes: number): Uint8Array | null {
  const parts: Uint8Array[] = []
  let size = 0
  let started = false
  for (let at = 0; at < data.length; ) {
    if (at + 4 > data.length) return null
    const type = data[at] as number
    const length = (data[at + 1] as number) | ((data[at + 2] as number) << 8) | ((data[at + 3] as number) << 16)
    const body = data.subarray(at + 4, at + 4 + length)
    if (body.length !== length) return null
    at += 4 + length
    if (type === 0xff) {
      if (length !== 6 || !STREAM_IDENTIFIER.subarray(4).every((byte, i) => byte === body[i])) return null
      started = true
      continue
    }
    if (!started) return null
    if (type === CHUNK_COMPRESSED || type === CHUNK_UNCOMPRESSED) {
      if (length < 4) return null
      const crc = new DataView(body.buffer, body.byteOffset).getUint32(0, true)
      const payload = body.subarray(4)
      const plain = type === CHUNK_COMPRESSED ? tryDecodeSnappy(payload, MAX_CHUNK) : payload
      if (!plain || plain.length > MAX_CHUNK || maskedCrc(plain) !== crc) return null
      size += plain.length
      if (size > maxBytes) return null
      parts.push(plain)
    } else if (type < 0x80) return null
    // 0x80 … 0xfe: skippable, padding among them.
  }
  return started ? concatBytes(...parts) : null
}
