import { CodedError, decodeFrames, type Frame, isForkActive, tryDecodeFrames } from '@keelson/protocol'
import { again, type Pull, ready, type Stage } from '../stage.ts'
import type { RuleId } from '../verdict.ts'
import { report, type StageContext } from './context.ts'
import type { BatcherPayload } from './l1Retrieval.ts'
import { pruneFrames } from './pruneFrames.ts'

export type FrameQueue = Stage<Frame> & {
  /** Holocene begins: what is queued is discarded. */
  clear(): void
}

/**
 * Splits batcher payloads into frames, in L1 order. A payload with any malformed frame is dropped whole. From Holocene
 * (by the L1 block being read) frames out of order are pruned.
 *
 * @see specs/protocol/derivation.md#frame-queue
 */
export function frameQueue(ctx: StageContext, payloads: Stage<BatcherPayload>): FrameQueue {
  let frames: readonly Frame[] = []
  let next = 0
  const clear = () => {
    frames = []
    next = 0
  }

  function load(payload: BatcherPayload): void {
    const { bytes } = payload
    clear()
    const decoded = tryDecodeFrames(bytes)
    if (ctx.observer || !decoded) judgePayload(ctx, payload, decoded !== null)
    if (!decoded) return
    if (!isForkActive(ctx.config, 'holocene', ctx.origin.timestamp)) {
      frames = decoded
      return
    }
    const { kept, pruned } = pruneFrames(decoded)
    frames = kept
    for (const { frame, rule } of pruned) dropFrame(ctx, frame, rule, 'the frame is out of order in the frame queue')
  }

  return {
    async pull(): Promise<Pull<Frame>> {
      const frame = frames[next]
      if (frame) {
        next++
        return ready(frame)
      }
      const payload = await payloads.pull()
      if (payload.status !== 'ready') return payload
      load(payload.value)
      return again
    },
    clear,
    reset: clear,
  }
}

/** Tells that a frame is dropped. */
export function dropFrame(ctx: StageContext, frame: Frame, rule: RuleId, reason: string): void {
  report(ctx, { outcome: 'dropped', rule, reason }, () => frameEvidence(frame), 'frame')
}

/** What a verdict shows of a frame. */
export const frameEvidence = (frame: Frame) => ({
  subject: 'frame' as const,
  channelId: frame.channelId,
  frameNumber: frame.number,
  dataLength: frame.data.length,
  isLast: frame.isLast,
})

function judgePayload(ctx: StageContext, { bytes, ...at }: BatcherPayload, isGood: boolean): void {
  const evidence = () => ({ subject: 'payload' as const, ...at, length: bytes.length })
  if (isGood) {
    report(
      ctx,
      { outcome: 'accepted', rule: 'DER-059', reason: `${bytes.length} bytes of frames` },
      evidence,
      'payload',
    )
    return
  }
  try {
    decodeFrames(bytes)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    // Empty calldata is skipped, it is nothing bad.
    const rule = bytes.length === 0 ? 'DER-046' : ruleOf(error, 'DER-061')
    report(ctx, { outcome: bytes.length === 0 ? 'past' : 'dropped', rule, reason: error.message }, evidence, 'payload')
  }
}

/** The rule that a codec names in its error. */
export function ruleOf(error: CodedError, otherwise: RuleId): RuleId {
  const data = error.fault.data as { readonly rule?: string }
  return data.rule?.startsWith('DER-') ? (data.rule as RuleId) : otherwise
}
