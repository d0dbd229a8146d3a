/** A rate limiter that hands out tokens ahead of time: whoever takes one is told how long to wait for it. */
export type TokenBucket = {
  /** Takes `n` tokens (1), going into debt, and gives the milliseconds until they are there. */
  reserve(n?: number): number
  /** As `reserve`, but takes nothing and gives `null` when the wait would pass `maxWaitMs`. */
  tryReserve(maxWaitMs: number, n?: number): number | null
}

/** @param rate - tokens per second; the bucket holds `burst` and begins full */
export function createTokenBucket(rate: number, burst: number, now: () => number): TokenBucket {
  let tokens = burst
  let at = now()
  const refill = () => {
    const time = now()
    tokens = Math.min(burst, tokens + (Math.max(0, time - at) / 1000) * rate)
    at = time
  }
  return {
    reserve(n = 1) {
      refill()
      tokens -= n
      return tokens >= 0 ? 0 : (-tokens / rate) * 1000
    },
    tryReserve(maxWaitMs, n = 1) {
      refill()
      const wait = tokens >= n ? 0 : ((n - tokens) / rate) * 1000
      if (wait > maxWaitMs) return null
      tokens -= n
      return wait
    },
  }
}
