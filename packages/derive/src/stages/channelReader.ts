import {
  type ChannelBatch,
  type ChannelBatches,
  ChannelError,
  deriveSpanBatch,
  isForkActive,
  readChannelBatches,
  type SingularBatch,
  type SpanBatch,
} from '@keelson/protocol'
import { maxRlpBytesPerChannel } from '../constants.ts'
import { again, type Pull, ready, type Stage } from '../stage.ts'
import type { RuleId } from '../verdict.ts'
import type { RawChannel } from './channel.ts'
import type { FlushableStage } from './channelAssembler.ts'
import { report, type StageContext } from './context.ts'
import { ruleOf } from './frameQueue.ts'

/** A batch as it came out of a channel; `channel` counts the channels read. */
export type Batch =
  | { readonly type: 'singular'; readonly batch: SingularBatch; readonly channel: number }
  | { readonly type: 'span'; readonly batch: SpanBatch; readonly channel: number }

/**
 * Unpacks channels and decodes their batches, one at a time. What is malformed ends the channel; batches before it
 * stand. A span batch whose transactions cannot be rebuilt is skipped alone.
 *
 * Limits and formats go by the time of the L1 block that completed the channel.
 *
 * @see specs/protocol/derivation.md#channel-reader-batch-decoding
 */
export function channelReader(
  ctx: StageContext,
  channels: Stage<RawChannel>,
  flushBefore: () => void,
): FlushableStage<Batch> {
  let reading: ChannelBatches | null = null
  let channelCount = 0

  function open(channel: RawChannel): void {
    ctx.metrics.channelInputBytes.inc(undefined, channel.data.length)
    const { timestamp } = ctx.origin
    channelCount++
    reading = readChannelBatches(channel.data, {
      maxRlpBytes: maxRlpBytesPerChannel(ctx.config, timestamp),
      brotliAllowed: isForkActive(ctx.config, 'fjord', timestamp),
    })
  }

  function take(read: ChannelBatch): Batch | null {
    if (read.type === 'singular') return { type: 'singular', batch: read.batch, channel: channelCount }
    if (!isForkActive(ctx.config, 'delta', ctx.origin.timestamp)) {
      dropUnread('DER-113', 'a span batch before Delta')
      return null
    }
    const span = deriveSpanBatch(read.batch, ctx.config)
    if (!(span instanceof ChannelError)) return { type: 'span', batch: span, channel: channelCount }
    dropUnread(ruleOf(span, 'DER-112'), span.message)
    return null
  }

  function dropUnread(rule: RuleId, reason: string): void {
    const evidence = () => ({
      subject: 'batch' as const,
      batchType: 'unknown' as const,
      timestamp: null,
      epochNumber: null,
      blockCount: 0,
      txCount: 0,
      inclusion: ctx.origin,
    })
    report(ctx, { outcome: 'dropped', rule, reason }, evidence, 'batch')
  }

  return {
    async pull(): Promise<Pull<Batch>> {
      if (!reading) {
        const channel = await channels.pull()
        if (channel.status !== 'ready') return channel
        open(channel.value)
        return again
      }
      const read = reading.next()
      if (!read) {
        const { end } = reading
        if (end instanceof ChannelError) dropUnread(ruleOf(end, 'DER-107'), end.message)
        reading = null
        return again
      }
      const batch = take(read)
      if (!batch) return again
      ctx.metrics.batchesDerived.inc({ type: batch.type })
      return ready(batch)
    },
    flush() {
      reading = null
      flushBefore()
    },
    reset() {
      reading = null
    },
  }
}
