import { concatBytes, FRAME_MEMORY_OVERHEAD, type Frame, type Hex, type L1BlockRef } from '@keelson/protocol'
import type { RuleId } from '../verdict.ts'
import type { StageContext } from './context.ts'

/** The compressed data of a channel that is complete. */
export type RawChannel = {
  readonly id: Hex
  readonly openBlock: bigint
  readonly frameCount: number
  readonly sizeBytes: number
  readonly data: Uint8Array
}

/** Frames of one channel, until all of them are there. */
export class Channel {
  readonly id: Hex
  /** Number of the L1 block with the frame that opened it. */
  readonly openBlock: bigint
  readonly #frames = new Map<number, Frame>()
  #size = 0
  #closedBy: number | null = null
  #highest = -1

  constructor(id: Hex, origin: L1BlockRef) {
    this.id = id
    this.openBlock = origin.number
  }

  /** Bytes counted against the limits: data and 200 for each frame held. */
  get size(): number {
    return this.#size
  }

  get frameCount(): number {
    return this.#frames.size
  }

  /** Closed, and no frame missing. */
  get isReady(): boolean {
    return this.#closedBy !== null && this.#frames.size === this.#closedBy + 1
  }

  /** Number of the last frame in sequence so far; -1 for none. Only of use where frames come in order. */
  get highestFrame(): number {
    return this.#highest
  }

  isTimedOut(origin: L1BlockRef, timeout: bigint): boolean {
    return origin.number > this.openBlock + timeout
  }

  /**
   * Adds a frame, whatever the order.
   *
   * @returns the rule by which the frame is dropped instead, or `null`
   * @see specs/protocol/derivation.md#loading-frames
   */
  add(frame: Frame): RuleId | null {
    if (this.#frames.has(frame.number)) return 'DER-072'
    if (this.#closedBy !== null) {
      if (frame.isLast) return 'DER-073'
      if (frame.number >= this.#closedBy) return 'DER-074'
    }
    if (frame.isLast) {
      this.#closedBy = frame.number
      if (this.#highest > frame.number) this.#removeAbove(frame.number)
    }
    this.#frames.set(frame.number, frame)
    this.#size += frame.data.length + FRAME_MEMORY_OVERHEAD
    this.#highest = Math.max(this.#highest, frame.number)
    return null
  }

  #removeAbove(last: number): void {
    for (const [number, frame] of this.#frames) {
      if (number <= last) continue
      this.#frames.delete(number)
      this.#size -= frame.data.length + FRAME_MEMORY_OVERHEAD
    }
    this.#highest = last
  }

  /** The data of all frames in order; only when ready. */
  read(): RawChannel {
    const parts: Uint8Array[] = []
    for (let number = 0; number < this.#frames.size; number++) parts.push((this.#frames.get(number) as Frame).data)
    const data = parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts)
    return { ...this.#summary(), data }
  }

  #summary() {
    return { id: this.id, openBlock: this.openBlock, frameCount: this.frameCount, sizeBytes: this.#size }
  }

  /** What a verdict shows of it. */
  evidence() {
    const { id, ...rest } = this.#summary()
    return { subject: 'channel' as const, channelId: id, ...rest }
  }
}

/** The sentence for a channel that took too long. */
export function timeoutReason(ctx: StageContext, channel: Channel, timeout: bigint): string {
  return `opened in L1 block ${channel.openBlock}, timed out after ${timeout} blocks, now at ${ctx.origin.number}`
}
