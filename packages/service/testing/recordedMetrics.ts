import type { MetricRegistry } from '../src/metrics.ts'

/** A registry that keeps every value: `value('derive_batcher_txs_dropped_total', { reason: 'malformed' })`. */
export function recordedMetrics(): {
  registry: MetricRegistry
  /** Sum of a counter, last value of a gauge, last observation of a histogram; 0 when there is none. */
  value(name: string, labels?: Record<string, unknown>): number
} {
  const values = new Map<string, number>()
  const key = (name: string, labels: unknown) => {
    const entries = Object.entries((labels ?? {}) as Record<string, unknown>).map(([k, v]) => [k, String(v)])
    return `${name}${JSON.stringify(entries.sort())}`
  }
  const reset = (name: string) => {
    for (const k of [...values.keys()]) if (k.startsWith(`${name}[`)) values.delete(k)
  }
  const last = (args: readonly unknown[]) => args.at(-1) as number
  const labelsOf = (args: readonly unknown[]) => (typeof args[0] === 'object' ? args[0] : undefined)
  const add =
    (name: string) =>
    (...args: readonly unknown[]) => {
      const k = key(name, labelsOf(args))
      values.set(k, (values.get(k) ?? 0) + ((args[1] as number | undefined) ?? 1))
    }
  const put =
    (name: string) =>
    (...args: readonly unknown[]) => {
      values.set(key(name, labelsOf(args)), last(args))
    }
  return {
    registry: {
      counter: ({ name }) => ({ inc: add(name) }),
      gauge: ({ name }) => ({ set: put(name), inc: add(name), reset: () => reset(name) }),
      histogram: ({ name }) => ({ observe: put(name), reset: () => reset(name) }),
    },
    value: (name, labels) => values.get(key(name, labels)) ?? 0,
  }
}
