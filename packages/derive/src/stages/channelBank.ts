import { type Frame, type Hex, isForkActive } from '@keelson/protocol'
import { channelTimeout, maxChannelBankSize } from '../constants.ts'
import { again, type Pull, ready, type Stage } from '../stage.ts'
import { Channel, type RawChannel, timeoutReason } from './channel.ts'
import { report, type StageContext } from './context.ts'
import { dropFrame, frameEvidence } from './frameQueue.ts'

/**
 * Before Holocene: collects frames, in any order and of many channels at once, and gives channels that are complete in
 * the order in which they were opened. Before Canyon only the oldest channel may be read; from Canyon the first that is
 * ready. A channel is read before another frame is taken in.
 *
 * @see specs/protocol/derivation.md#channel-bank
 */
export function channelBank(ctx: StageContext, frames: Stage<Frame>): Stage<RawChannel> & { clear(): void } {
  /** A Map keeps the order of insertion: this is the FIFO queue. */
  const channels = new Map<Hex, Channel>()
  let totalSize = 0

  const timeout = () => channelTimeout(ctx.config, ctx.origin.timestamp)

  function remove(channel: Channel): void {
    channels.delete(channel.id)
    totalSize -= channel.size
  }

  function dropTimedOutHeads(): void {
    for (const channel of channels.values()) {
      if (!channel.isTimedOut(ctx.origin, timeout())) return
      remove(channel)
      ctx.metrics.channelsTimedOut.inc()
      const reason = timeoutReason(ctx, channel, timeout())
      report(ctx, { outcome: 'dropped', rule: 'DER-081', reason }, () => channel.evidence(), 'channel')
    }
  }

  function firstReady(): Channel | null {
    const isCanyon = isForkActive(ctx.config, 'canyon', ctx.origin.timestamp)
    for (const channel of channels.values()) {
      if (channel.isReady && !channel.isTimedOut(ctx.origin, timeout())) return channel
      if (!isCanyon) return null
    }
    return null
  }

  function ingest(frame: Frame): void {
    let channel = channels.get(frame.channelId)
    if (!channel) {
      channel = new Channel(frame.channelId, ctx.origin)
      channels.set(frame.channelId, channel)
      ctx.metrics.channelsOpened.inc()
    }
    if (channel.isTimedOut(ctx.origin, timeout())) {
      dropFrame(ctx, frame, 'DER-071', timeoutReason(ctx, channel, timeout()))
      return
    }
    const sizeBefore = channel.size
    const rule = channel.add(frame)
    if (rule) {
      dropFrame(ctx, frame, rule, 'the channel already has this frame, or is closed before it')
      return
    }
    totalSize += channel.size - sizeBefore
    ctx.metrics.framesAdded.inc()
    if (ctx.observer) {
      const reason = `added to its channel, opened in L1 block ${channel.openBlock}`
      report(ctx, { outcome: 'accepted', rule: 'DER-076', reason }, () => frameEvidence(frame), 'frame')
    }
    prune()
  }

  function prune(): void {
    const limit = maxChannelBankSize(ctx.config, ctx.origin.timestamp)
    for (const channel of channels.values()) {
      if (totalSize <= limit) return
      remove(channel)
      const reason = `the channels together exceed ${limit} bytes, the oldest goes first`
      report(ctx, { outcome: 'dropped', rule: 'DER-078', reason }, () => channel.evidence(), 'channel')
    }
  }

  function clear(): void {
    channels.clear()
    totalSize = 0
  }

  return {
    async pull(): Promise<Pull<RawChannel>> {
      dropTimedOutHeads()
      const channel = firstReady()
      if (channel) {
        remove(channel)
        if (ctx.observer) {
          const rule = isForkActive(ctx.config, 'canyon', ctx.origin.timestamp) ? 'DER-083' : 'DER-082'
          report(ctx, { outcome: 'accepted', rule, reason: 'complete' }, () => channel.evidence(), 'channel')
        }
        return ready(channel.read())
      }
      const frame = await frames.pull()
      if (frame.status !== 'ready') return frame
      ingest(frame.value)
      return again
    },
    clear,
    reset: clear,
  }
}
