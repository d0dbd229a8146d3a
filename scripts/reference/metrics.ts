import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createBatcherMetrics } from '../../packages/batcher/src/metrics.ts'
import { createEngineMetrics } from '../../packages/engine/src/metrics.ts'
import { createEngineMetrics as createExecutionMetrics } from '../../packages/execution/src/engine/metrics.ts'
import { createL1Metrics } from '../../packages/l1/src/metrics.ts'
import { createTxMetrics } from '../../packages/l1/src/txMetrics.ts'
import { createNodeMetrics } from '../../packages/node/src/metrics.ts'
import { createPipelineMetrics } from '../../packages/node/src/pipelineMetrics.ts'
import { createP2PMetrics } from '../../packages/p2p/src/metrics.ts'
import { createProposerMetrics } from '../../packages/proposer/src/metrics.ts'
import type { MetricRegistry } from '../../packages/service/src/metrics.ts'
import { createMetricRegistry } from '../../packages/service/src/node/prometheus.ts'
import { createRpcServerMetrics } from '../../packages/service/src/node/rpcDispatcher.ts'
import { createRpcClientMetrics } from '../../packages/service/src/rpcClient.ts'

type Definition = (registry: MetricRegistry, clock: { now(): number }) => unknown

/** What each process defines; the names begin with its prefix. */
const PROCESSES: readonly {
  readonly command: string
  readonly prefix: string
  readonly define: readonly Definition[]
}[] = [
  {
    command: 'node',
    prefix: 'op_node_default',
    define: [
      ...[createNodeMetrics, createPipelineMetrics, createEngineMetrics, createL1Metrics, createP2PMetrics],
      ...[createRpcClientMetrics, createRpcServerMetrics],
    ],
  },
  { command: 'engine', prefix: 'keelson_engine', define: [createExecutionMetrics, createRpcServerMetrics] },
  {
    command: 'batcher',
    prefix: 'op_batcher_default',
    define: [createBatcherMetrics, createTxMetrics, createRpcClientMetrics, createRpcServerMetrics],
  },
  {
    command: 'proposer',
    prefix: 'op_proposer_default',
    define: [createProposerMetrics, createTxMetrics, createRpcClientMetrics, createRpcServerMetrics],
  },
]

/** `docs/metrics.md`: what each process tells Prometheus, from the definitions themselves. */
export function metricsPage(): string {
  assertAllListed()
  return [
    '# Metrics',
    '',
    'Served with `--metrics.enabled`. Names are those of op-node, op-batcher and op-proposer where they have the metric.',
    'The node also serves `process_*` and `nodejs_*`.',
    '',
    ...PROCESSES.flatMap(({ command, prefix, define }) => [
      `## keelson ${command}`,
      '',
      '| Metric | Type | Labels | Meaning |',
      '| --- | --- | --- | --- |',
      ...rowsOf(prefix, define),
      '',
    ]),
  ].join('\n')
}

function rowsOf(prefix: string, define: readonly Definition[]): string[] {
  const registry = createMetricRegistry({ prefix })
  for (const each of define) each(registry, { now: () => 0 })
  return registry
    .list()
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(', ') || '–'} | ${help} |`)
}

/** A table of metrics that no process above has would be missing from the page without anybody seeing it. */
function assertAllListed(): void {
  const own = readFileSync(import.meta.filename, 'utf8')
  const packages = resolve(import.meta.dirname, '../../packages')
  for (const path of readdirSync(packages, { recursive: true, encoding: 'utf8' })) {
    if (!/^[^/]+\/src\/.*\.ts$/.test(path) || path.endsWith('.test.ts')) continue
    const source = readFileSync(join(packages, path), 'utf8')
    for (const [, name] of source.matchAll(
      /export (?:const|function) (create\w+Metrics)\b[^\n]*registry: MetricRegistry/g,
    )) {
      if (!own.includes(`{ ${name}`)) throw new Error(`scripts/reference/metrics.ts does not know ${name} of ${path}`)
    }
  }
}
