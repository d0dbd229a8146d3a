import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricRegistry } from '../metrics.ts'
import { createHttpServer, type HttpServer } from './httpServer.ts'

/** A registry whose content Prometheus can read. */
export type PrometheusRegistry = MetricRegistry & {
  readonly contentType: string
  /** The exposition text. */
  text(): Promise<string>
  /** Name, type and help of what has been defined, for the generated list. */
  list(): { name: string; type: string; help: string; labels: readonly string[] }[]
}

/**
 * @param options.prefix - before every name, with `_` between: `op_node_default`
 * @param options.processMetrics - also `process_*` and `nodejs_*`
 */
export function createMetricRegistry(options: {
  readonly prefix: string
  readonly processMetrics?: boolean
}): PrometheusRegistry {
  const registry = new Registry()
  const made = new Map<string, { type: string; help: string; labels: readonly string[]; metric: unknown }>()
  if (options.processMetrics) collectDefaultMetrics({ register: registry })

  type Config = { name: string; help: string; labelNames: string[]; registers: Registry[] }
  function once<M>(
    type: string,
    definition: { name: string; help: string; labels?: readonly string[] },
    make: (c: Config) => M,
  ): M {
    const { help, labels = [] } = definition
    const name = `${options.prefix}_${definition.name}`
    const before = made.get(name)
    if (before && before.type !== type) throw new Error(`metric ${name} is already a ${before.type}, not a ${type}`)
    const metric =
      (before?.metric as M | undefined) ?? make({ name, help, labelNames: [...labels], registers: [registry] })
    made.set(name, { type, help, labels, metric })
    return metric
  }
  const labelsOf = (args: readonly unknown[]) =>
    (typeof args[0] === 'object' && args[0] !== null ? args[0] : {}) as Record<string, string | number>
  const sampleOf = (args: readonly unknown[]) => args.at(-1) as number
  const amountOf = (args: readonly unknown[]) => (args[1] as number | undefined) ?? 1

  return {
    counter(definition) {
      const metric = once('counter', definition, (config) => new Counter(config))
      return { inc: (...args) => metric.inc(textLabels(labelsOf(args)), amountOf(args)) }
    },
    gauge(definition) {
      const metric = once('gauge', definition, (config) => new Gauge(config))
      return {
        set: (...args) => metric.set(textLabels(labelsOf(args)), sampleOf(args)),
        inc: (...args) => metric.inc(textLabels(labelsOf(args)), amountOf(args)),
        reset: () => metric.reset(),
      }
    },
    histogram(definition) {
      const { buckets } = definition
      const metric = once(
        'histogram',
        definition,
        (c) => new Histogram({ ...c, ...(buckets ? { buckets: [...buckets] } : {}) }),
      )
      return {
        observe: (...args) => metric.observe(textLabels(labelsOf(args)), sampleOf(args)),
        reset: () => metric.reset(),
      }
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
    list: () => [...made].map(([name, { type, help, labels }]) => ({ name, type, help, labels })),
  }
}

const textLabels = (labels: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))

/** Serves the registry on every path. */
export function createMetricsServer(options: {
  readonly host: string
  readonly port: number
  readonly registry: PrometheusRegistry
  /** `metrics.port` */
  readonly portFlag?: string
}): Promise<HttpServer> {
  const { host, port, registry, portFlag = 'metrics.port' } = options
  return createHttpServer({
    host,
    port,
    what: 'metrics',
    portFlag,
    handle: async (_request, response) => {
      const body = await registry.text()
      response.writeHead(200, { 'content-type': registry.contentType })
      response.end(body)
    },
  })
}
