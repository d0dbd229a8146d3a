import type { MetricRegistry } from '@keelson/service'

/** op-proposer's metrics, for what exists here. */
export const createProposerMetrics = (registry: MetricRegistry) => ({
  up: registry.gauge({ name: 'up', help: '1 while the proposer runs.' }),
  proposed: registry.gauge({
    name: 'refs_number',
    labels: ['layer', 'type'],
    help: 'Number of the L2 block proposed last.',
  }),
  proposals: registry.counter({ name: 'proposals_total', labels: ['outcome'], help: 'Proposals made, by outcome.' }),
})
