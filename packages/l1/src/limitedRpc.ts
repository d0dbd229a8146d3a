import {
  type Clock,
  type RpcBatchResult,
  type RpcCall,
  type RpcCallOptions,
  type RpcClient,
  systemClock,
} from '@keelson/service'

export type RpcLimits = {
  /** Requests under way at once; 10. */
  readonly maxConcurrency?: number
  /** Calls per second, 0 for any number. `maxBatchSize` calls may come in a burst. */
  readonly rateLimit?: number
  /** Calls in one HTTP request; 20. Longer batches are split. */
  readonly maxBatchSize?: number
  readonly clock?: Clock
}

/** Holds an RPC client to what a provider allows: requests at once, calls per second, calls in a batch. */
export function limitedRpc(rpc: RpcClient, limits: RpcLimits = {}): RpcClient {
  const { maxConcurrency = 10, rateLimit = 0, maxBatchSize = 20, clock = systemClock } = limits
  const queue: (() => void)[] = []
  let active = 0
  /** When the next call may go; lies in the past by at most one burst. */
  let nextMs = 0

  async function enter(calls: number, signal: AbortSignal | undefined): Promise<void> {
    if (active >= maxConcurrency) await new Promise<void>((resolve) => queue.push(resolve))
    else active++
    if (rateLimit <= 0) return
    const now = clock.now()
    nextMs = Math.max(nextMs, now - (maxBatchSize * 1000) / rateLimit) + (calls * 1000) / rateLimit
    if (nextMs <= now) return
    try {
      await clock.sleep(nextMs - now, signal)
    } catch (error) {
      leave()
      throw error
    }
  }

  function leave(): void {
    const next = queue.shift()
    if (next) next()
    else active--
  }

  async function limited<T>(calls: number, signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
    await enter(calls, signal)
    try {
      return await send()
    } finally {
      leave()
    }
  }

  return {
    request: <T>(method: string, params?: readonly unknown[], options?: RpcCallOptions) =>
      limited(1, options?.signal, () => rpc.request<T>(method, params, options)),
    async batch(calls: readonly RpcCall[], options?: RpcCallOptions) {
      const parts: Promise<RpcBatchResult[]>[] = []
      for (let from = 0; from < calls.length; from += maxBatchSize) {
        const part = calls.slice(from, from + maxBatchSize)
        parts.push(limited(part.length, options?.signal, () => rpc.batch(part, options)))
      }
      return (await Promise.all(parts)).flat()
    },
  }
}
