import type { Clock, Logger } from '@keelson/service'
import type { EventSystem } from './eventSystem.ts'
import type { EmitOf } from './events.ts'
import { errorEvent } from './reactTo.ts'

/** What the driver puts into the queue from outside: signals, timers, and the outcome of work done beside the queue. */
export const driverSpec = {
  name: 'driver',
  emits: [
    'step-req',
    'step-attempt',
    'l1-unsafe',
    'l1-safe',
    'finalized-l1',
    'received-unsafe-payload',
    'sequencer-action',
    'reset-event',
    'l1-temporary-error',
    'engine-temporary-error',
    'critical-error',
  ],
  handles: [],
} as const

/** Work that waits for L1 or a peer: the queue goes on meanwhile, `then` runs in a turn of the loop. */
export type Background = <T>(
  work: () => Promise<T>,
  then: (result: T) => void | Promise<void>,
  onError?: (error: unknown) => void,
) => void

/**
 * The loop of the rollup node: takes one input at a time, then drains the event queue before it takes the next.
 *
 * Everything that touches heads, pipeline and sequencer runs in a turn of this loop, so that nothing is ever seen in
 * between. What waits for L1 runs beside it ({@link Driver.background}) and comes back as an input.
 */
export class Driver {
  readonly emit: EmitOf<typeof driverSpec>
  readonly #system: EventSystem
  readonly #clock: Clock
  readonly #log: Logger
  readonly #inputs: (() => void | Promise<void>)[] = []
  readonly #idleWaiters: (() => void)[] = []
  readonly #timers = new Set<() => void>()
  /** Rejections of the requests whose turn has not come. */
  readonly #requests = new Set<(error: Error) => void>()
  #background = 0
  #wake: (() => void) | null = null
  #closed = false
  #loop: Promise<void> | null = null
  /** Called after each turn, before the loop waits: the sequencer plans its timer here. */
  afterTurn: () => void = () => {}

  constructor(parts: { system: EventSystem; clock: Clock; log: Logger }) {
    this.#system = parts.system
    this.#clock = parts.clock
    this.#log = parts.log
    this.emit = parts.system.emitter(driverSpec)
  }

  /** Begins with one step request. `onStopped` is told of a critical error, once. */
  start(onStopped: (error: Error) => void): void {
    this.emit({ type: 'step-req', resetBackoff: false })
    this.#loop = this.#run().then((error) => {
      if (error && !this.#closed) onStopped(error)
    })
  }

  /** Puts an input behind those that wait. */
  post(input: () => void | Promise<void>): void {
    if (this.#closed) return
    this.#inputs.push(input)
    this.#wake?.()
  }

  /** Runs `fn` in a turn of the loop, never between two events of one step. */
  run<T>(fn: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) {
        reject(new Error('the node is stopping'))
        return
      }
      this.#requests.add(reject)
      this.post(async () => {
        this.#requests.delete(reject)
        try {
          resolve(await fn())
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  /** See {@link Background}. An error without `onError` becomes the event of its severity. */
  background: Background = (work, then, onError) => {
    this.#background += 1
    const back = (input: () => void | Promise<void>) => {
      this.#background -= 1
      this.post(input)
      // An input that nobody takes any more must not leave a waiter behind.
      if (this.#closed) this.#tellIdle()
    }
    work().then(
      (result) => back(() => then(result)),
      (error) => back(() => (onError ? onError(error) : this.emit(errorEvent(error)))),
    )
  }

  /** Posts `input` after `ms`; the returned function cancels it. */
  after(ms: number, input: () => void): () => void {
    const cancel = this.#clock.setTimeout(() => {
      this.#timers.delete(cancel)
      this.post(input)
    }, ms)
    this.#timers.add(cancel)
    return () => {
      this.#timers.delete(cancel)
      cancel()
    }
  }

  /** Resolves when there is nothing to do but to wait for a timer or a signal. For tests and a clean stop. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#wake?.()
    await this.#loop
    for (const reject of this.#requests) reject(new Error('the node is stopping'))
    this.#requests.clear()
    this.#tellIdle()
  }

  async #run(): Promise<Error | null> {
    this.#log.debug('Driver loop started')
    for (;;) {
      await this.#system.drain()
      if (this.#system.criticalError) return this.#system.criticalError
      if (this.#closed) return null
      this.afterTurn()
      const input = this.#inputs.shift() ?? (await this.#nextInput())
      if (!input) return null
      this.#busy = true
      try {
        await input()
      } catch (error) {
        this.emit(errorEvent(error))
      }
    }
  }

  #busy = true

  async #nextInput(): Promise<(() => void | Promise<void>) | null> {
    while (!this.#closed) {
      const input = this.#inputs.shift()
      if (input) return input
      this.#busy = false
      if (this.#isIdle()) this.#tellIdle()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
    return null
  }

  #isIdle(): boolean {
    return (
      this.#closed || (!this.#busy && this.#inputs.length === 0 && this.#background === 0 && this.#system.queued === 0)
    )
  }

  #tellIdle(): void {
    for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }
}
