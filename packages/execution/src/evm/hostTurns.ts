import { ExecutionError } from '../transition/executionError.ts'

/** Jumps taken, or what weighs like them, between two turns of the host: some 20 ms. */
const WORK_PER_TURN = 50_000
/** What a call weighs: its frame, and the precompile it may be. */
export const CALL_WORK = 1_000

type Immediate = (callback: () => void) => void
const soon: Immediate =
  (globalThis as { setImmediate?: Immediate }).setImmediate ?? ((callback) => void setTimeout(callback, 0))

/**
 * Lets the host do other things while a program runs, and ends the program when nobody waits for it any more.
 *
 * The EVM waits for promises only, which keeps timers and sockets waiting for as long as a program runs.
 */
export class HostTurns {
  #left = WORK_PER_TURN
  readonly #signal: AbortSignal | undefined

  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** Counts work; whether it is time for {@link take}. */
  isDue(work: number): boolean {
    this.#left -= work
    return this.#left <= 0
  }

  /** @throws {ExecutionError} `aborted` */
  async take(): Promise<void> {
    this.#left = WORK_PER_TURN
    await new Promise<void>((resolve) => soon(resolve))
    this.check()
  }

  /** @throws {ExecutionError} `aborted` */
  check(): void {
    if (this.#signal?.aborted) throw new ExecutionError('aborted', {}, { cause: this.#signal.reason })
  }
}
