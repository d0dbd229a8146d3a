import { isUnknownMethod, type Logger, type RpcClient } from '@keelson/service'

/** How the sequencer's block building is held back while the batcher is behind; the names are op-batcher's flags. */
export type ThrottlePolicy = {
  readonly controllerType: 'step' | 'linear' | 'quadratic' | 'pid'
  /** Backlog at which it begins, in bytes; 0: never. */
  readonly lowerThreshold: number
  /** Backlog at which it is strongest. */
  readonly upperThreshold: number
  /** Bytes of one transaction, at full strength and at the first touch. */
  readonly txSizeLowerLimit: number
  readonly txSizeUpperLimit: number
  /** Bytes of one block, at full strength and without any. */
  readonly blockSizeLowerLimit: number
  readonly blockSizeUpperLimit: number
  readonly pid?: {
    readonly kp: number
    readonly ki: number
    readonly kd: number
    readonly integralMax: number
    readonly outputMax: number
  }
}

/** Arguments of `miner_setMaxDASize`; 0 for a transaction means no limit. */
export type DaLimits = { readonly intensity: number; readonly maxTxSize: number; readonly maxBlockSize: number }

const clip = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))

/** A controller: backlog in, limits out. Only `pid` has a memory. */
export function createThrottleController(policy: ThrottlePolicy): (backlogBytes: number, nowMs: number) => DaLimits {
  const { lowerThreshold, upperThreshold } = policy
  const { kp, ki, kd, integralMax, outputMax } = policy.pid ?? {
    kp: 0.33,
    ki: 0.01,
    kd: 0.05,
    integralMax: 1000,
    outputMax: 1,
  }
  let integral = 0
  let last: { error: number; ms: number } | null = null

  function intensityOf(load: number, nowMs: number): number {
    if (lowerThreshold === 0 || load <= lowerThreshold) {
      if (policy.controllerType !== 'pid') return 0
    }
    const share = clip((load - lowerThreshold) / Math.max(1, upperThreshold - lowerThreshold), 0, 1)
    switch (policy.controllerType) {
      case 'step':
        return 1
      case 'linear':
        return share
      case 'quadratic':
        return share * share
      case 'pid': {
        const seconds = last ? Math.max(0.001, (nowMs - last.ms) / 1000) : 0
        integral = share === 0 ? 0 : clip(integral + share * seconds, 0, integralMax)
        const slope = last && seconds > 0 ? (share - last.error) / seconds : 0
        last = { error: share, ms: nowMs }
        return share === 0 ? 0 : clip(kp * share + ki * integral + kd * slope, 0, outputMax)
      }
    }
  }

  return (backlogBytes, nowMs) => {
    const intensity = lowerThreshold === 0 ? 0 : intensityOf(backlogBytes, nowMs)
    const between = (low: number, high: number) => Math.round(high - intensity * (high - low))
    return {
      intensity,
      maxTxSize: intensity === 0 ? 0 : between(policy.txSizeLowerLimit, policy.txSizeUpperLimit),
      maxBlockSize: between(policy.blockSizeLowerLimit, policy.blockSizeUpperLimit),
    }
  }
}

/** Tells the engines their limits. One that does not know the method is told once, and not again. */
export function createThrottler(parts: { readonly engines: readonly RpcClient[]; readonly log: Logger }) {
  const deaf = new Set<RpcClient>()
  let last = ''
  return async ({ maxTxSize, maxBlockSize }: DaLimits, signal?: AbortSignal): Promise<void> => {
    const limits = [maxTxSize, maxBlockSize].map((size) => `0x${size.toString(16)}`)
    const engines = parts.engines.filter((engine) => !deaf.has(engine))
    for (const engine of engines) {
      try {
        await engine.request('miner_setMaxDASize', limits, signal ? { signal } : {})
      } catch (error) {
        if (isUnknownMethod(error)) {
          deaf.add(engine)
          parts.log.warn('The engine does not serve miner_setMaxDASize; its blocks are not throttled', { err: error })
        } else if (!signal?.aborted) {
          parts.log.warn('The engine could not be throttled', { err: error })
        }
      }
    }
    if (limits.join() !== last && engines.length > 0)
      parts.log.debug('Limits of L1 data set', { max_tx_size: maxTxSize, max_block_size: maxBlockSize })
    last = limits.join()
  }
}
