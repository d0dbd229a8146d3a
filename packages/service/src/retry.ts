import { type Clock, systemClock } from './clock.ts'

/** Milliseconds to wait before the next try; `attempt` counts the failures so far, from 1. */
export type RetryStrategy = (attempt: number) => number

/** The same wait each time. */
export const fixedBackoff =
  (ms: number): RetryStrategy =>
  () =>
    ms

/**
 * Doubles the wait from one second (or `baseMs`) on top of `minMs`, up to `maxMs`, plus up to `jitterMs` at random.
 *
 * @param options.random - gives [0, 1)
 */
export function exponentialBackoff(
  options: { minMs?: number; baseMs?: number; maxMs?: number; jitterMs?: number; random?: () => number } = {},
): RetryStrategy {
  const { minMs = 0, baseMs = 1000, maxMs = 10_000, jitterMs = 250, random = Math.random } = options
  return (attempt) => Math.min(maxMs, minMs + baseMs * 2 ** Math.min(attempt - 1, 30)) + Math.floor(random() * jitterMs)
}

export type RetryOptions = {
  /** Tries in all; `Infinity` for as long as the signal lets it. */
  readonly attempts: number
  readonly strategy?: RetryStrategy
  readonly clock?: Clock
  readonly signal?: AbortSignal
  /** Says no to errors that another try cannot mend. */
  readonly retryable?: (error: unknown) => boolean
  /** Told of each failure that is followed by another try. */
  readonly onRetry?: (error: unknown, attempt: number, waitMs: number) => void
}

/** Calls `fn` until it succeeds; rejects with the last error, or the signal's reason. */
export async function retry<T>(fn: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, strategy = exponentialBackoff(), clock = systemClock, signal, retryable = () => true } = options
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await fn(attempt)
    } catch (error) {
      signal?.throwIfAborted()
      if (attempt >= attempts || !retryable(error)) throw error
      const waitMs = strategy(attempt)
      options.onRetry?.(error, attempt, waitMs)
      await clock.sleep(waitMs, signal)
    }
  }
}
