import { createEngineMetrics } from '../packages/engine/src/metrics.ts'
import { createL1Metrics } from '../packages/l1/src/metrics.ts'
import { createNodeMetrics } from '../packages/node/src/metrics.ts'
import { NODE_ENV_PREFIX, nodeFlags } from '../packages/node/src/nodeFlags.ts'
import { createPipelineMetrics } from '../packages/node/src/pipelineMetrics.ts'
import { createP2PMetrics } from '../packages/p2p/src/metrics.ts'
import { flagReference } from '../packages/service/src/flagHelp.ts'
import { createMetricRegistry } from '../packages/service/src/node/prometheus.ts'
import { createRpcServerMetrics } from '../packages/service/src/node/rpcDispatcher.ts'
import { createRpcClientMetrics } from '../packages/service/src/rpcClient.ts'

/** `docs/reference/node-flags.md`: the flags of `keelson node`, from the rows that parse them. */
export function nodeFlagsPage(): string {
  return [
    '# Flags of `keelson node`',
    '',
    'Names, environment and defaults are op-node’s. A flag wins over its variable.',
    '',
    flagReference(nodeFlags, NODE_ENV_PREFIX),
  ].join('\n')
}

/** `docs/reference/node-metrics.md`: what `keelson node` tells Prometheus, from the definitions themselves. */
export function nodeMetricsPage(): string {
  const registry = createMetricRegistry({ prefix: 'op_node_default' })
  const clock = { now: () => 0 }
  createNodeMetrics(registry, clock)
  createPipelineMetrics(registry, clock)
  createEngineMetrics(registry)
  createL1Metrics(registry)
  createP2PMetrics(registry)
  createRpcClientMetrics(registry)
  createRpcServerMetrics(registry)
  const rows = registry
    .list()
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(', ') || '–'} | ${help} |`)
  return [
    '# Metrics of `keelson node`',
    '',
    'Names are op-node’s where it has them. Besides: `process_*` and `nodejs_*`.',
    '',
    '| metric | type | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
