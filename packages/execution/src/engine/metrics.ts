import type { MetricRegistry } from '@keelson/service'

/** What the embedded engine measures. */
export const createEngineMetrics = (registry: MetricRegistry) => ({
  headNumber: registry.gauge({ name: 'head_number', help: 'Number of the unsafe head.' }),
  payloads: registry.counter({
    name: 'payloads_total',
    labels: ['status'],
    help: 'Blocks given to newPayload, by the status they got.',
  }),
  importSeconds: registry.histogram({
    name: 'import_duration_seconds',
    help: 'Seconds to execute and store one block.',
  }),
  getPayloadSeconds: registry.histogram({
    name: 'get_payload_duration_seconds',
    help: 'Seconds to end a payload and give it out.',
  }),
  reorgs: registry.counter({ name: 'reorgs_total', help: 'Times the canonical chain lost blocks.' }),
})
export type EngineMetrics = ReturnType<typeof createEngineMetrics>
