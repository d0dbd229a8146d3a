import {
  bytesToHex,
  ChannelError,
  concatBytes,
  decodeBlob,
  decodeFrame,
  decodeFrames,
  type Frame,
  type Hex,
  tryDecodeTxEnvelope,
} from '@keelson/protocol'
import { type DecodeOptions, OpenChannel, problemOf, readChannel, readSpan } from './decodeChannel.ts'
import type { DecodeInput } from './input.ts'
import type { ChannelReport, DecodeReport, FrameReport, SourceReport } from './report.ts'

/** Decodes everything in order: sources to frames, frames to channels, channels to batches. Never throws for bad data. */
export function decodeInputs(inputs: readonly DecodeInput[], options: DecodeOptions): DecodeReport {
  const channels = new Map<Hex, OpenChannel>()
  const whole: ChannelReport[] = []
  const sources = inputs.map((input) => {
    const { source, frames } = decodeSource(input)
    for (const frame of frames) {
      let channel = channels.get(frame.channelId)
      if (!channel) {
        channel = new OpenChannel(frame.channelId)
        channels.set(frame.channelId, channel)
      }
      channel.add(frame, input.l1)
    }
    if (input.kind === 'channel') whole.push(namelessChannel(readChannel(input.bytes, options, null)))
    if (input.kind === 'span') {
      try {
        whole.push(spanChannel(input.bytes, options))
      } catch (error) {
        if (!(error instanceof ChannelError)) throw error
        return { ...source, problem: problemOf(error) }
      }
    }
    return source
  })
  return { sources, channels: [...whole, ...[...channels.values()].map((channel) => channel.report(options))] }
}

const NAMELESS: Pick<ChannelReport, 'id' | 'state' | 'frameCount' | 'missingFrames' | 'closed' | 'duplicateFrames'> = {
  id: '0x',
  state: 'complete',
  frameCount: 0,
  missingFrames: [],
  closed: true,
  duplicateFrames: 0,
}

/** A channel that was given without its frames. */
const namelessChannel = (content: ReturnType<typeof readChannel>): ChannelReport => ({ ...NAMELESS, ...content })

/** A span batch that was given by itself: with its version byte or, as fixtures have it, without. */
function spanChannel(bytes: Uint8Array, options: DecodeOptions): ChannelReport {
  const batch = readSpanOfEitherForm(bytes, options)
  const { length } = bytes
  return {
    ...NAMELESS,
    compression: null,
    compressedLength: 0,
    decompressedLength: length,
    batchCount: 1,
    batches: [batch],
  }
}

function readSpanOfEitherForm(bytes: Uint8Array, options: DecodeOptions) {
  const withVersion = concatBytes(Uint8Array.of(1), bytes)
  try {
    return readSpan(withVersion, options)
  } catch (error) {
    if (bytes[0] !== 1) throw error
    return readSpan(bytes, options)
  }
}

type Decoded = { source: SourceReport; frames: readonly Frame[] }

function decodeSource(input: DecodeInput): Decoded {
  const { name, kind, bytes, l1 } = input
  const base = { name, kind, length: bytes.length, ...(l1 && { l1 }), frames: [] }
  try {
    if (kind === 'blob') {
      const payload = decodeBlob(bytes)
      return payloadSource({ ...base, payloadLength: payload.length }, payload)
    }
    if (kind === 'payload') return payloadSource(base, bytes)
    if (kind === 'frame') {
      const { frame, end } = decodeFrame(bytes)
      if (end !== bytes.length) {
        const reason = `${bytes.length - end} bytes after its end`
        throw new ChannelError('badFrame', { at: end, rule: 'DER-062', reason })
      }
      return { source: { ...base, frames: [frameReport(frame, 0)] }, frames: [frame] }
    }
    if (kind === 'transaction') return transactionSource(base, bytes, input.blobsFollow ?? false)
    return { source: base, frames: [] }
  } catch (error) {
    if (error instanceof ChannelError) return { source: { ...base, problem: problemOf(error) }, frames: [] }
    throw error
  }
}

function frameReport({ channelId, number, data, isLast }: Frame, at: number): FrameReport {
  return { channelId, frameNumber: number, dataLength: data.length, isLast, at }
}

function payloadSource(base: SourceReport, payload: Uint8Array): Decoded {
  try {
    const frames = decodeFrames(payload)
    let at = 1
    const reports = frames.map((frame) => {
      const report = frameReport(frame, at)
      at += 23 + frame.data.length
      return report
    })
    return { source: { ...base, frames: reports }, frames }
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    return { source: { ...base, problem: problemOf(error) }, frames: [] }
  }
}

function transactionSource(base: SourceReport, bytes: Uint8Array, blobsFollow: boolean): Decoded {
  const tx = tryDecodeTxEnvelope(bytes)
  if (!tx) {
    const text = `no transaction that can be read: ${bytesToHex(bytes.subarray(0, 16))}…`
    return { source: { ...base, problem: { code: 'badTransaction', rule: 'DER-032', at: 0, text } }, frames: [] }
  }
  if (tx.blobVersionedHashes.length === 0) return payloadSource(base, tx.input)
  const source = { ...base, blobVersionedHashes: tx.blobVersionedHashes }
  if (blobsFollow) return { source, frames: [] }
  const text = `the data is in ${tx.blobVersionedHashes.length} blobs: give them too, or --l1 with --l1.beacon`
  return { source: { ...source, problem: { code: 'blobsElsewhere', rule: 'DER-039', at: 0, text } }, frames: [] }
}
