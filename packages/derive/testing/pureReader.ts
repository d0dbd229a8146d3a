import {
  applySystemConfigUpdates,
  ChannelError,
  concatBytes,
  deriveSpanBatch,
  type Frame,
  type Hash,
  isForkActive,
  type L1BlockInfo,
  type RollupConfig,
  readChannelBatches,
  recoverSender,
  type SingularBatch,
  type SpanBatch,
  type SystemConfig,
  tryDecodeBlob,
  tryDecodeFrames,
  tryDecodeTxEnvelope,
} from '@keelson/protocol'
import type { MemoryL1Block } from './memoryL1.ts'

/** An L1 block with the blobs of its transactions, by versioned hash. */
export type PureL1Block = MemoryL1Block & { readonly blobs?: ReadonlyMap<Hash, Uint8Array> }

/** A batch as it came out of L1. */
export type PureBatch = {
  readonly decoded:
    | { readonly type: 'singular'; readonly batch: SingularBatch }
    | { readonly type: 'span'; readonly batch: SpanBatch }
  /** The L1 block that completed its channel. */
  readonly inclusion: L1BlockInfo
  /** Counts channels. */
  readonly channel: number
}

type OpenChannel = { readonly id: string; readonly openBlock: bigint; frames: Frame[] }

/** Reads batches out of L1 blocks; keeps the channels that are open from one block to the next. */
export type PureReader = { read(block: PureL1Block, isFirst: boolean): PureBatch[] }

/** The part of the plain implementation that goes from L1 blocks to batches. */
export function createPureReader(config: RollupConfig, systemConfig: SystemConfig): PureReader {
  let retrieval = systemConfig
  let open: OpenChannel[] = []
  let channelCount = 0
  let wasHolocene = false

  const active = (
    fork: 'canyon' | 'delta' | 'ecotone' | 'fjord' | 'granite' | 'holocene',
    { timestamp }: L1BlockInfo,
  ) => isForkActive(config, fork, timestamp)
  const timeout = (block: L1BlockInfo) => (active('granite', block) ? 50n : config.channelTimeout)
  const isTimedOut = (channel: OpenChannel, block: L1BlockInfo) => block.number > channel.openBlock + timeout(block)
  const rlpLimit = (block: L1BlockInfo) => (active('fjord', block) ? 100_000_000 : 10_000_000)
  const sizeOf = (channel: OpenChannel) => channel.frames.reduce((sum, frame) => sum + frame.data.length + 200, 0)
  const closing = (channel: OpenChannel) => channel.frames.find((frame) => frame.isLast)

  /** The batcher's payloads in an L1 block, in order. */
  function payloadsOf({ info, transactions, blobs }: PureL1Block): Uint8Array[] {
    const payloads: Uint8Array[] = []
    for (const bytes of transactions) {
      const tx = tryDecodeTxEnvelope(bytes)
      if (!tx || tx.type === 4 || tx.to?.toLowerCase() !== config.batchInboxAddress.toLowerCase()) continue
      if (recoverSender(bytes)?.toLowerCase() !== retrieval.batcherAddress.toLowerCase()) continue
      if (tx.type !== 3 || !active('ecotone', info)) {
        payloads.push(tx.input)
        continue
      }
      for (const hash of tx.blobVersionedHashes) {
        const data = tryDecodeBlob(blobs?.get(hash) as Uint8Array)
        if (data) payloads.push(data)
      }
    }
    return payloads
  }

  /** The frames of one payload that are in order with their predecessors. */
  function inOrder(frames: readonly Frame[]): Frame[] {
    let kept: Frame[] = []
    for (const frame of frames) {
      const last = kept.at(-1)
      if (last && frame.number > 0) {
        const follows = frame.channelId === last.channelId && !last.isLast && frame.number === last.number + 1
        if (follows) kept.push(frame)
        continue
      }
      if (last && !last.isLast) {
        // All since the beginning of the channel that is left open.
        let from = kept.length - 1
        while (from > 0) {
          const before = kept[from - 1] as Frame
          if (before.channelId !== last.channelId || before.isLast) break
          from--
        }
        kept = kept.slice(0, from)
      }
      kept.push(frame)
    }
    return kept
  }

  function batchesOf(data: Uint8Array, inclusion: L1BlockInfo): PureBatch[] {
    channelCount++
    const batches: PureBatch[] = []
    const options = { maxRlpBytes: rlpLimit(inclusion), brotliAllowed: active('fjord', inclusion) }
    for (const { type, batch } of readChannelBatches(data, options)) {
      if (type === 'singular') {
        batches.push({ decoded: { type, batch }, inclusion, channel: channelCount })
        continue
      }
      const span = deriveSpanBatch(batch, config)
      if (span instanceof ChannelError || !active('delta', inclusion)) continue
      batches.push({ decoded: { type, batch: span }, inclusion, channel: channelCount })
    }
    return batches
  }

  function dataOf({ frames }: OpenChannel): Uint8Array {
    return concatBytes(...frames.toSorted((a, b) => a.number - b.number).map((frame) => frame.data))
  }

  // --- before Holocene: the channel bank ---------------------------------------------------------------------------

  function bankFrame(frame: Frame, block: L1BlockInfo): void {
    let channel = open.find(({ id }) => id === frame.channelId)
    if (!channel) {
      channel = { id: frame.channelId, openBlock: block.number, frames: [] }
      open.push(channel)
    }
    if (isTimedOut(channel, block)) return
    if (channel.frames.some(({ number }) => number === frame.number)) return
    const end = closing(channel)
    if (end && (frame.isLast || frame.number >= end.number)) return
    if (frame.isLast) channel.frames = channel.frames.filter(({ number }) => number < frame.number)
    channel.frames.push(frame)
    const limit = active('fjord', block) ? 1_000_000_000 : 100_000_000
    while (open.reduce((sum, each) => sum + sizeOf(each), 0) > limit) open.shift()
  }

  function isComplete(channel: OpenChannel): boolean {
    const end = closing(channel)
    return end !== undefined && channel.frames.length === end.number + 1
  }

  /** Takes all channels out of the bank that may be read now. */
  function readBank(block: L1BlockInfo): Uint8Array[] {
    const read: Uint8Array[] = []
    for (;;) {
      while (open[0] && isTimedOut(open[0], block)) open.shift()
      const candidates = active('canyon', block) ? open : open.slice(0, 1)
      const channel = candidates.find((each) => isComplete(each) && !isTimedOut(each, block))
      if (!channel) return read
      open = open.filter((other) => other !== channel)
      read.push(dataOf(channel))
    }
  }

  // --- from Holocene: one channel at a time ------------------------------------------------------------------------

  function assembleFrame(frame: Frame, block: L1BlockInfo): Uint8Array | null {
    if (open[0] && isTimedOut(open[0], block)) open = []
    if (frame.number === 0) open = [{ id: frame.channelId, openBlock: block.number, frames: [] }]
    const [channel] = open
    if (channel?.id !== frame.channelId || frame.number !== channel.frames.length) return null
    channel.frames.push(frame)
    if (sizeOf(channel) > rlpLimit(block)) {
      open = []
      return null
    }
    if (!frame.isLast) return null
    open = []
    return dataOf(channel)
  }

  return {
    read(block, isFirst) {
      const { info } = block
      // The config given is that of the first block, its updates applied.
      if (!isFirst) retrieval = applySystemConfigUpdates(retrieval, block.receipts, config, info.timestamp)
      const isHolocene = active('holocene', info)
      if (isHolocene && !wasHolocene) open = []
      wasHolocene = isHolocene
      const frames = payloadsOf(block).map((payload) => tryDecodeFrames(payload) ?? [])
      const channels: Uint8Array[] = []
      if (isHolocene) {
        for (const frame of frames.flatMap(inOrder)) {
          const data = assembleFrame(frame, info)
          if (data) channels.push(data)
        }
      } else {
        channels.push(...readBank(info))
        for (const frame of frames.flat()) {
          bankFrame(frame, info)
          channels.push(...readBank(info))
        }
      }
      return channels.flatMap((data) => batchesOf(data, info))
    },
  }
}
