/** Gives the event loop a turn: timers, sockets and other jobs run before it resolves. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const immediate = (globalThis as { setImmediate?: (fn: () => void) => void }).setImmediate
    if (immediate) immediate(resolve)
    else setTimeout(resolve, 0)
  })
}

/**
 * Paces a long computation: `await breather()` between its steps gives the event loop a turn when the last one is
 * longer ago than `everyMs`.
 */
export function createBreather(now: () => number, everyMs = 10): () => Promise<void> | undefined {
  let last = now()
  return () => {
    if (now() - last < everyMs) return undefined
    return yieldToEventLoop().then(() => {
      last = now()
    })
  }
}
