import { bytesToHex, hexToBytes } from '../bytes.ts'
import type { Hex } from '../primitives.ts'
import { ChannelError } from './channelError.ts'
import { DERIVATION_VERSION_0, FRAME_OVERHEAD_SIZE, MAX_FRAME_LEN } from './constants.ts'

/** A piece of a channel. */
export type Frame = {
  /** 16 bytes, opaque. */
  readonly channelId: Hex
  /** From 0, at most 65,535. */
  readonly number: number
  readonly data: Uint8Array
  readonly isLast: boolean
}

/**
 * Reads one frame and the offset after it.
 *
 *   channelId   number   dataLength   data         isLast
 *   16 bytes    u16 BE   u32 BE       dataLength   1 byte, 0 or 1
 *
 * `data` is a view of `bytes`, not a copy.
 *
 * @throws {ChannelError} `frameTruncated`, `frameTooLarge`, `badIsLast`
 * @see specs/protocol/derivation.md#frame-format
 */
export function decodeFrame(bytes: Uint8Array, offset = 0): { frame: Frame; end: number } {
  const have = bytes.length - offset
  if (have < 22) {
    const part = have < 16 ? 'channel id' : have < 18 ? 'number' : 'length'
    throw new ChannelError('frameTruncated', { at: bytes.length, rule: 'DER-063', part, need: 22, have })
  }
  const number = ((bytes[offset + 16] as number) << 8) | (bytes[offset + 17] as number)
  const length =
    (((bytes[offset + 18] as number) << 24) |
      ((bytes[offset + 19] as number) << 16) |
      ((bytes[offset + 20] as number) << 8) |
      (bytes[offset + 21] as number)) >>>
    0
  if (length > MAX_FRAME_LEN) throw new ChannelError('frameTooLarge', { at: offset + 18, rule: 'DER-064', length })
  const dataEnd = offset + 22 + length
  if (dataEnd >= bytes.length) {
    const part = dataEnd === bytes.length ? 'is_last' : 'data'
    throw new ChannelError('frameTruncated', { at: bytes.length, rule: 'DER-063', part, need: length + 23, have })
  }
  const last = bytes[dataEnd] as number
  if (last > 1) throw new ChannelError('badIsLast', { at: dataEnd, rule: 'DER-065', value: last })
  const frame: Frame = {
    channelId: bytesToHex(bytes.subarray(offset, offset + 16)),
    number,
    data: bytes.subarray(offset + 22, dataEnd),
    isLast: last === 1,
  }
  return { frame, end: dataEnd + 1 }
}

/**
 * The frames of one batcher payload (calldata, or a decoded blob): version byte 0, then whole frames and nothing else.
 *
 * @throws {ChannelError} `emptyPayload`, `unknownPayloadVersion`, `noFrames` and what {@link decodeFrame} throws
 * @see specs/protocol/derivation.md#batcher-transaction-format
 */
export function decodeFrames(payload: Uint8Array): Frame[] {
  const version = payload[0]
  if (version === undefined) throw new ChannelError('emptyPayload', { at: 0, rule: 'DER-062' })
  if (version !== DERIVATION_VERSION_0)
    throw new ChannelError('unknownPayloadVersion', { at: 0, rule: 'DER-060', version })
  if (payload.length === 1) throw new ChannelError('noFrames', { at: 1, rule: 'DER-062' })
  const frames: Frame[] = []
  for (let at = 1; at < payload.length; ) {
    const { frame, end } = decodeFrame(payload, at)
    frames.push(frame)
    at = end
  }
  return frames
}

/** As {@link decodeFrames}; `null` when any byte of the payload is wrong, for then none of its frames counts. */
export function tryDecodeFrames(payload: Uint8Array): Frame[] | null {
  try {
    return decodeFrames(payload)
  } catch {
    return null
  }
}

function writeFrame(out: Uint8Array, at: number, { channelId, number, data, isLast }: Frame): number {
  out.set(hexToBytes(channelId), at)
  const length = data.length
  out[at + 16] = number >>> 8
  out[at + 17] = number & 0xff
  out[at + 18] = length >>> 24
  out[at + 19] = (length >>> 16) & 0xff
  out[at + 20] = (length >>> 8) & 0xff
  out[at + 21] = length & 0xff
  out.set(data, at + 22)
  out[at + 22 + length] = isLast ? 1 : 0
  return at + FRAME_OVERHEAD_SIZE + length
}

function expectFrame({ channelId, number, data }: Frame): void {
  const bad = (rule: string, reason: string) => new ChannelError('badFrame', { at: 0, rule, reason })
  if (channelId.length !== 34) throw bad('DER-063', `channel id ${channelId} has not 16 bytes`)
  if (!Number.isInteger(number) || number < 0 || number > 0xffff) throw bad('DER-063', `number ${number} is no uint16`)
  if (data.length > MAX_FRAME_LEN) throw bad('DER-064', `${data.length} data bytes`)
}

/**
 * The bytes of one frame.
 *
 * @throws {ChannelError} `badFrame` when id, number or length do not fit the format
 */
export function encodeFrame(frame: Frame): Uint8Array {
  expectFrame(frame)
  const out = new Uint8Array(FRAME_OVERHEAD_SIZE + frame.data.length)
  writeFrame(out, 0, frame)
  return out
}

/**
 * A batcher payload: version byte and whole frames. It is the calldata of a batcher transaction, or what goes into one
 * blob.
 *
 * @throws {ChannelError} `badFrame`; `noFrames` for an empty list
 * @see specs/protocol/derivation.md#batcher-transaction-format
 */
export function encodeBatcherTx(frames: readonly Frame[]): Uint8Array {
  if (frames.length === 0) throw new ChannelError('noFrames', { at: 1, rule: 'DER-062' })
  let size = 1
  for (const frame of frames) {
    expectFrame(frame)
    size += FRAME_OVERHEAD_SIZE + frame.data.length
  }
  const out = new Uint8Array(size)
  out[0] = DERIVATION_VERSION_0
  let at = 1
  for (const frame of frames) at = writeFrame(out, at, frame)
  return out
}
