/** Label values of one sample; every name of the definition must be given. */
export type Labels<Name extends string> = { readonly [N in Name]: string | number | boolean }

/** Labels may be left out only where the metric has none. */
type LabelArgs<Name extends string> = [Name] extends [never] ? [labels?: undefined] : [labels: Labels<Name>]
type IncArgs<Name extends string> = [Name] extends [never]
  ? [labels?: undefined, n?: number]
  : [labels: Labels<Name>, n?: number]
type ValueArgs<Name extends string> = [Name] extends [never]
  ? [value: number] | [labels: undefined, value: number]
  : [labels: Labels<Name>, value: number]

export interface Counter<Name extends string = never> {
  /** Adds `n` (1), which must not be negative. */
  inc(...args: IncArgs<Name>): void
}

export interface Gauge<Name extends string = never> {
  set(...args: ValueArgs<Name>): void
  inc(...args: IncArgs<Name>): void
  /** Forgets every series, for gauges and histograms that are replaced as a whole. */
  reset(): void
}

export interface Histogram<Name extends string = never> {
  observe(...args: ValueArgs<Name>): void
  reset(): void
}

export type MetricDefinition<Name extends string> = {
  /** Without the registry's prefix. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly Name[]
}
export type HistogramDefinition<Name extends string> = MetricDefinition<Name> & { readonly buckets?: readonly number[] }

/** Where a package defines its metrics. Asking twice for one name gives the same metric. */
export interface MetricRegistry {
  counter<Name extends string = never>(definition: MetricDefinition<Name>): Counter<Name>
  gauge<Name extends string = never>(definition: MetricDefinition<Name>): Gauge<Name>
  histogram<Name extends string = never>(definition: HistogramDefinition<Name>): Histogram<Name>
}

const nothing = () => {}

/** Counts nothing. */
export const nullMetrics: MetricRegistry = {
  counter: () => ({ inc: nothing }),
  gauge: () => ({ set: nothing, inc: nothing, reset: nothing }),
  histogram: () => ({ observe: nothing, reset: nothing }),
}

/** op-node's "event pair": a counter `<name>_total` and a gauge `last_<name>_unix` with the time of the last one. */
export type EventPair<Name extends string = never> = { record(...labels: LabelArgs<Name>): void }

/** Defines an event pair; with a `subsystem` both names begin with it. */
export function eventPair<Name extends string = never>(
  registry: MetricRegistry,
  definition: MetricDefinition<Name> & { readonly subsystem?: string },
  nowMs: () => number,
): EventPair<Name> {
  const { name, help, labels } = definition
  const front = definition.subsystem ? `${definition.subsystem}_` : ''
  const withLabels = labels ? { labels } : {}
  const total = registry.counter<Name>({ name: `${front}${name}_total`, help, ...withLabels })
  const last = registry.gauge<Name>({
    name: `${front}last_${name}_unix`,
    help: `Unix time of the last: ${help}`,
    ...withLabels,
  })
  return {
    record: (...args) => {
      total.inc(...(args as unknown as Parameters<typeof total.inc>))
      last.set(...([args[0], Math.floor(nowMs() / 1000)] as unknown as Parameters<typeof last.set>))
    },
  }
}
