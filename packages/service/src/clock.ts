/** Time as an argument, so that whole nodes can run on a simulated one. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `fn` once after `ms`; the returned function cancels it. */
  setTimeout(fn: () => void, ms: number): () => void
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** `sleep` for any clock that has timers. */
export function sleepOn(clock: Pick<Clock, 'setTimeout'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The longest delay a host timer takes; longer ones are walked in steps. */
const MAX_TIMER_MS = 2 ** 31 - 1

function hostTimeout(fn: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout>
  const arm = (left: number) => {
    timer =
      left > MAX_TIMER_MS ? setTimeout(() => arm(left - MAX_TIMER_MS), MAX_TIMER_MS) : setTimeout(fn, Math.max(0, left))
  }
  arm(ms)
  return () => clearTimeout(timer)
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: hostTimeout,
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
}

/** Calls `fn` every `ms`, first after one `ms`; the next call is armed when the last one has ended. */
export function every(clock: Clock, ms: number, fn: () => void | Promise<void>): () => void {
  let stopped = false
  let cancel = () => {}
  const arm = () => {
    cancel = clock.setTimeout(() => {
      void Promise.resolve(fn()).finally(() => {
        if (!stopped) arm()
      })
    }, ms)
  }
  arm()
  return () => {
    stopped = true
    cancel()
  }
}
