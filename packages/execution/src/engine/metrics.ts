import type { MetricRegistry } from '@keelson/service'

/** What the embedded engine measures. */
export const createEngineMetrics = (registry: MetricRegistry) => ({
  headNumber: registry.gauge({ name: 'keelson_engine_head_number', help: 'Number of the unsafe head.' }),
  payloads: registry.counter({
    name: 'keelson_engine_payloads_total',
    labels: ['status'],
    help: 'Blocks given to newPayload, by the status they got.',
  }),
  importSeconds: registry.histogram({
    name: 'keelson_engine_import_duration_seconds',
    help: 'Seconds to execute and store one block.',
  }),
  getPayloadSeconds: registry.histogram({
    name: 'keelson_engine_get_payload_duration_seconds',
    help: 'Seconds to end a payload and give it out.',
  }),
  reorgs: registry.counter({ name: 'keelson_engine_reorgs_total', help: 'Times the canonical chain lost blocks.' }),
})
export type EngineMetrics = ReturnType<typeof createEngineMetrics>
