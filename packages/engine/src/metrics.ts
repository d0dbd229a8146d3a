import type { MetricRegistry } from '@keelson/service'

/** What the engine controller counts, under op-node's names where it has them. */
export const createEngineMetrics = (registry: MetricRegistry) => ({
  queueLength: registry.gauge({
    name: 'unsafe_payloads_buffer_len',
    help: 'Unsafe payloads that wait for their parent.',
  }),
  queueBytes: registry.gauge({
    name: 'unsafe_payloads_buffer_mem_size',
    help: 'Estimated bytes of the unsafe payloads that wait.',
  }),
  consolidations: registry.counter({
    name: 'keelson_engine_consolidations_total',
    labels: ['outcome'],
    help: 'Derived attributes compared with an existing unsafe block, by outcome (match, mismatch).',
  }),
  replacements: registry.counter({
    name: 'keelson_engine_deposits_only_total',
    help: 'Invalid derived payloads that were replaced by their deposits (Holocene).',
  }),
  payloadsDropped: registry.counter({
    name: 'keelson_engine_unsafe_payloads_dropped_total',
    labels: ['reason'],
    help: 'Unsafe payloads that were dropped, by reason.',
  }),
  callSeconds: registry.histogram({
    name: 'keelson_engine_call_seconds',
    labels: ['call'],
    help: 'Seconds that the engine took for one call.',
  }),
})
export type EngineMetrics = ReturnType<typeof createEngineMetrics>
