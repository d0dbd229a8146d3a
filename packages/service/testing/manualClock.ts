import { type Clock, sleepOn } from '../src/clock.ts'

/**
 * A clock that moves only when told. Timers fire in the order of their time, then of their making.
 *
 * `advance` gives promises that hang on a timer the time to run before the next timer fires.
 */
export class ManualClock implements Clock {
  #now: number
  #timers: { at: number; fn: () => void }[] = []

  /** @param nowMs - milliseconds since 1970 */
  constructor(nowMs = 1_700_000_000_000) {
    this.#now = nowMs
  }

  // Bound, so that they may be passed on as functions, as those of the system's clock may.
  readonly now = (): number => this.#now

  readonly setTimeout = (fn: () => void, ms: number): (() => void) => {
    const timer = { at: this.#now + Math.max(0, ms), fn }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => sleepOn(this, ms, signal)

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.length
  }

  /** Moves on by `ms` and fires what falls due. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#now = Math.max(this.#now, due.at)
      due.fn()
      await settle()
    }
    this.#now = end
  }

  /** Sets the time without firing anything. */
  setNow(nowMs: number): void {
    this.#now = nowMs
  }
}

/** Lets pending promises run: one turn of the event loop. */
export const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 0))
