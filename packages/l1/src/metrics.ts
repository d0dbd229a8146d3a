import type { MetricRegistry } from '@keelson/service'

/** op-node's metrics of its L1 source. */
export const createL1Metrics = (registry: MetricRegistry) => ({
  cacheSize: registry.gauge({
    name: 'l1_source_cache_size',
    labels: ['type'],
    help: 'Entries in the cache of L1 data.',
  }),
  cacheGet: registry.counter({
    name: 'l1_source_cache_get',
    labels: ['type', 'hit'],
    help: 'Look-ups in the cache of L1 data, by whether they hit.',
  }),
  cacheAdd: registry.counter({
    name: 'l1_source_cache_add',
    labels: ['type', 'evicted'],
    help: 'Additions to the cache of L1 data, and entries given up for them.',
  }),
})
