import type { Frame } from '@keelson/protocol'
import { channelTimeout, maxRlpBytesPerChannel } from '../constants.ts'
import { again, type Pull, ready, type Stage } from '../stage.ts'
import type { RuleId } from '../verdict.ts'
import { Channel, type RawChannel, timeoutReason } from './channel.ts'
import { report, type StageContext } from './context.ts'
import { dropFrame, frameEvidence } from './frameQueue.ts'

/** A stage that can be told to forget the channel in progress. */
export type FlushableStage<T> = Stage<T> & { flush(): void }

/**
 * From Holocene: assembles one channel at a time out of frames in strict order. A first frame begins a new channel and
 * ends an unfinished one; any other frame must be the next one of it.
 *
 * @see specs/protocol/holocene/derivation.md#channel-bank
 */
export function channelAssembler(ctx: StageContext, frames: Stage<Frame>): FlushableStage<RawChannel> {
  let staging: Channel | null = null

  function drop(rule: RuleId, reason: string): void {
    const channel = staging
    staging = null
    if (channel) report(ctx, { outcome: 'dropped', rule, reason }, () => channel.evidence(), 'channel')
  }

  function dropIfTimedOut(): void {
    const timeout = channelTimeout(ctx.config, ctx.origin.timestamp)
    if (!staging?.isTimedOut(ctx.origin, timeout)) return
    ctx.metrics.channelsTimedOut.inc()
    drop('DER-095', timeoutReason(ctx, staging, timeout))
  }

  /** The channel that the frame belongs to, or `null` when the frame is dropped. */
  function place(frame: Frame): Channel | null {
    if (frame.number === 0) {
      drop('DER-093', `another channel begins: ${frame.channelId}`)
      ctx.metrics.channelsOpened.inc()
      staging = new Channel(frame.channelId, ctx.origin)
    } else if (!staging) {
      dropFrame(ctx, frame, 'DER-094', 'no channel is open')
      return null
    } else if (staging.id !== frame.channelId) {
      dropFrame(ctx, frame, 'DER-094', `channel ${staging.id} is open`)
      return null
    } else if (frame.number !== staging.highestFrame + 1) {
      dropFrame(ctx, frame, 'DER-094', `frame ${staging.highestFrame + 1} of the channel is next`)
      return null
    }
    staging.add(frame)
    return staging
  }

  function ingest(frame: Frame): RawChannel | null {
    dropIfTimedOut()
    const channel = place(frame)
    if (!channel) return null
    const limit = maxRlpBytesPerChannel(ctx.config, ctx.origin.timestamp)
    if (channel.size > limit) {
      drop('DER-096', `${channel.size} compressed bytes, at most ${limit}`)
      return null
    }
    ctx.metrics.framesAdded.inc()
    if (ctx.observer) {
      const reason = `added to its channel, opened in L1 block ${channel.openBlock}`
      report(ctx, { outcome: 'accepted', rule: 'DER-093', reason }, () => frameEvidence(frame), 'frame')
    }
    if (!frame.isLast) return null
    staging = null
    report(ctx, { outcome: 'accepted', rule: 'DER-098', reason: 'complete' }, () => channel.evidence(), 'channel')
    return channel.read()
  }

  return {
    async pull(): Promise<Pull<RawChannel>> {
      const frame = await frames.pull()
      if (frame.status !== 'ready') {
        dropIfTimedOut()
        return frame
      }
      const channel = ingest(frame.value)
      return channel ? ready(channel) : again
    },
    flush() {
      drop('DER-225', 'a batch turned out invalid')
    },
    reset() {
      staging = null
    },
  }
}
