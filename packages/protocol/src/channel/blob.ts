import { ChannelError } from './channelError.ts'
import { BLOB_SIZE, MAX_BLOB_DATA_SIZE } from './constants.ts'

/** Bytes that one group of four field elements carries: tails of 31 bytes and three bytes spread over the heads. */
const GROUP_DATA = 127
const GROUP_BLOB = 128
/** Version and length stand before the data in the stream. */
const STREAM_HEADER = 4

/**
 * Takes the batcher payload out of a blob.
 *
 * The stream of a group is tail A (31 bytes), x, tail B, y, tail C, z, tail D; the six-bit heads of the four elements
 * hold x, y and z. The top two bits of the first element are not looked at, as op-node and kona do not; a blob that
 * belongs to a commitment cannot have them both set anyway.
 *
 * @param blob - 131,072 bytes
 * @returns a new array of at most 130,044 bytes; may be empty
 * @throws {ChannelError} `blobSize`, `blobVersion`, `blobLength`, `blobFieldElement`, `blobTrailing`
 * @see specs/protocol/ecotone/derivation.md#blob-encoding
 */
export function decodeBlob(blob: Uint8Array): Uint8Array {
  if (blob.length !== BLOB_SIZE) throw new ChannelError('blobSize', { at: 0, rule: 'DER-047', length: blob.length })
  const version = blob[1] as number
  if (version !== 0) throw new ChannelError('blobVersion', { at: 1, rule: 'DER-053', version })
  const length = ((blob[2] as number) << 16) | ((blob[3] as number) << 8) | (blob[4] as number)
  if (length > MAX_BLOB_DATA_SIZE) throw new ChannelError('blobLength', { at: 2, rule: 'DER-054', length })

  const groups = Math.max(1, Math.ceil((length + STREAM_HEADER) / GROUP_DATA))
  const stream = new Uint8Array(groups * GROUP_DATA)
  for (let group = 0; group < groups; group++) {
    const from = group * GROUP_BLOB
    const to = group * GROUP_DATA
    const headA = blob[from] as number
    const headB = blob[from + 32] as number
    const headC = blob[from + 64] as number
    const headD = blob[from + 96] as number
    if (((group === 0 ? 0 : headA) | headB | headC | headD) & 0xc0) throw badHead(blob, from, group === 0 ? 1 : 0)
    stream.set(blob.subarray(from + 1, from + 32), to)
    stream[to + 31] = (headA & 0x3f) | ((headB & 0x30) << 2)
    stream.set(blob.subarray(from + 33, from + 64), to + 32)
    stream[to + 63] = (headB & 0x0f) | ((headD & 0x0f) << 4)
    stream.set(blob.subarray(from + 65, from + 96), to + 64)
    stream[to + 95] = (headC & 0x3f) | ((headD & 0x30) << 2)
    stream.set(blob.subarray(from + 97, from + 128), to + 96)
  }
  const end = STREAM_HEADER + length
  for (let i = end; i < stream.length; i++) if (stream[i] !== 0) throw trailing(blobOffset(i))
  const extra = firstNonZero(blob, groups * GROUP_BLOB)
  if (extra !== -1) throw trailing(extra)
  return stream.subarray(STREAM_HEADER, end)
}

/** Offset of the first byte from `start` on that is not zero, or -1; four bytes at a time where the view allows. */
function firstNonZero(bytes: Uint8Array, start: number): number {
  let at = start
  if ((bytes.byteOffset + start) % 4 === 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, (bytes.length - start) >> 2)
    let i = 0
    while (i < words.length && words[i] === 0) i++
    at += 4 * i
  }
  for (; at < bytes.length; at++) if (bytes[at] !== 0) return at
  return -1
}

/** Where a byte of the stream stands in the blob; x, y and z are named by the first head they are in. */
function blobOffset(streamOffset: number): number {
  const inGroup = streamOffset % GROUP_DATA
  const element = Math.floor(streamOffset / GROUP_DATA) * GROUP_BLOB + (inGroup >> 5) * 32
  return (inGroup & 31) === 31 ? element : element + 1 + (inGroup & 31)
}

const trailing = (at: number) => new ChannelError('blobTrailing', { at, rule: 'DER-055' })

function badHead(blob: Uint8Array, from: number, first: number): ChannelError {
  let at = from
  for (let i = 3; i >= first; i--) if ((blob[from + 32 * i] as number) & 0xc0) at = from + 32 * i
  return new ChannelError('blobFieldElement', { at, rule: 'DER-052', value: blob[at] as number })
}

/** As {@link decodeBlob}; `null` for a blob that is not in this encoding. */
export function tryDecodeBlob(blob: Uint8Array): Uint8Array | null {
  try {
    return decodeBlob(blob)
  } catch {
    return null
  }
}

/**
 * Puts up to 130,044 bytes into a blob; the opposite of {@link decodeBlob}.
 *
 * @throws {ChannelError} `blobDataTooLarge`
 */
export function encodeBlob(data: Uint8Array): Uint8Array {
  const { length } = data
  if (length > MAX_BLOB_DATA_SIZE) throw new ChannelError('blobDataTooLarge', { at: 0, rule: 'DER-054', length })
  const groups = Math.ceil((length + STREAM_HEADER) / GROUP_DATA)
  const stream = new Uint8Array(groups * GROUP_DATA)
  stream[1] = length >>> 16
  stream[2] = (length >>> 8) & 0xff
  stream[3] = length & 0xff
  stream.set(data, STREAM_HEADER)
  const blob = new Uint8Array(BLOB_SIZE)
  for (let group = 0; group < groups; group++) {
    const from = group * GROUP_DATA
    const to = group * GROUP_BLOB
    const x = stream[from + 31] as number
    const y = stream[from + 63] as number
    const z = stream[from + 95] as number
    for (let i = 0; i < 4; i++) blob.set(stream.subarray(from + 32 * i, from + 32 * i + 31), to + 32 * i + 1)
    blob[to] = x & 0x3f
    blob[to + 32] = (y & 0x0f) | ((x & 0xc0) >> 2)
    blob[to + 64] = z & 0x3f
    blob[to + 96] = ((y & 0xf0) >> 4) | ((z & 0xc0) >> 2)
  }
  return blob
}
