import type { Heads } from '@keelson/engine'
import type { L2BlockRef } from '@keelson/protocol'
import type { Clock } from '@keelson/service'

/** When the sequencer acts next: blocks are due in time, failures wait, and a safe head that lags stops everything. */
export class SequencerPlan {
  readonly #clock: Pick<Clock, 'now'>
  readonly #blockTimeMs: number
  /** Clock time of the next action, or `null` while an event must come first. */
  #nextMs: number | null = null
  /** No action before this time: the wait after a failure. */
  #notBeforeMs = 0
  #maxSafeLag: bigint
  #stalled = false

  /** @param parts.maxSafeLag - in blocks; 0: never stall */
  constructor(parts: {
    readonly clock: Pick<Clock, 'now'>
    readonly blockTimeMs: number
    readonly maxSafeLag: bigint
  }) {
    this.#clock = parts.clock
    this.#blockTimeMs = parts.blockTimeMs
    this.#maxSafeLag = parts.maxSafeLag
  }

  get nextMs(): number | null {
    return this.#nextMs
  }

  get isDue(): boolean {
    return this.#nextMs !== null && this.#nextMs <= this.#clock.now()
  }

  get maxSafeLag(): bigint {
    return this.#maxSafeLag
  }

  set maxSafeLag(lag: bigint) {
    this.#maxSafeLag = lag
  }

  /** Whether no block is begun until the safe head comes closer. */
  get stalledBySafeLag(): boolean {
    return this.#stalled
  }

  /** Judges the distance between safe and unsafe head; `true` when the stall has just begun. */
  measureLag({ safe, unsafe }: Pick<Heads, 'safe' | 'unsafe'>): boolean {
    const before = this.#stalled
    this.#stalled = this.#maxSafeLag > 0n && safe.number + this.#maxSafeLag <= unsafe.number
    return this.#stalled && !before
  }

  /** Clock time at which the block after `parent` is due. */
  dueMs(parent: L2BlockRef): number {
    return Number(parent.timestamp) * 1000 + this.#blockTimeMs
  }

  /** The block after `parent` is begun one block time before it is due, at once when that has passed. */
  planStart(parent: L2BlockRef): void {
    if (this.#stalled) {
      this.#nextMs = null
      return
    }
    // A wait that was put on after a failure stays.
    this.#nextMs = Math.max(this.#clock.now(), this.dueMs(parent) - this.#blockTimeMs, this.#notBeforeMs)
  }

  /** The block after `parent` is sealed so early that it is there when it is due. */
  planSeal(parent: L2BlockRef, sealingDurationMs: number): void {
    this.#nextMs = Math.max(this.#clock.now(), this.dueMs(parent) - sealingDurationMs)
  }

  /** Whatever comes next is done now. */
  planNow(): void {
    this.#nextMs = this.#clock.now()
  }

  /** Nothing is done before an event comes. */
  clear(): void {
    this.#nextMs = null
  }

  /** Puts a wait before the next action, whatever it will be; 0 lifts it. */
  wait(ms: number): void {
    this.#notBeforeMs = this.#clock.now() + ms
    this.#nextMs = this.#notBeforeMs
  }
}
