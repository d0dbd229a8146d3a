import type { MetricRegistry } from '@keelson/service'

/** op-batcher's metrics, for what exists here. */
export const createBatcherMetrics = (registry: MetricRegistry) => ({
  up: registry.gauge({ name: 'up', help: '1 while the batcher submits.' }),
  pendingBlocks: registry.gauge({
    name: 'pending_blocks_count',
    labels: ['stage'],
    help: 'L2 blocks loaded and not yet safe.',
  }),
  pendingBytes: registry.gauge({
    name: 'unsafe_da_bytes',
    help: 'Bytes of L2 blocks that no L1 transaction carries yet.',
  }),
  channels: registry.counter({
    name: 'channel_events_total',
    labels: ['event'],
    help: 'Channels opened, closed, submitted, timed out.',
  }),
  inputBytes: registry.counter({
    name: 'channel_input_bytes_total',
    help: 'Bytes put into channels, before compression.',
  }),
  outputBytes: registry.counter({
    name: 'channel_output_bytes_total',
    help: 'Bytes of frames made, after compression.',
  }),
  compressionRatio: registry.histogram({
    name: 'channel_compr_ratio',
    help: 'Compressed size by uncompressed size of a channel.',
    buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  }),
  txs: registry.counter({
    name: 'batcher_tx_total',
    labels: ['stage'],
    help: 'Batcher transactions submitted, confirmed, failed.',
  }),
  blobUsedBytes: registry.histogram({
    name: 'blob_used_bytes',
    help: 'Bytes of payload in a blob.',
    buckets: [1_000, 5_000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000, 130_044],
  }),
  restarts: registry.counter({ name: 'restarts_total', help: 'Times the batcher began again behind the safe head.' }),
  throttleIntensity: registry.gauge({
    name: 'throttle_intensity',
    help: 'How hard block building is held back, 0 to 1.',
  }),
})
