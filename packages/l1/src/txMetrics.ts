import type { MetricRegistry } from '@keelson/service'

/** Metrics of the transaction manager, with the names of op-batcher and op-proposer where they have one. */
export const createTxMetrics = (registry: MetricRegistry) => ({
  pending: registry.gauge({ name: 'txmgr_pending_txs', help: 'Transactions published and not yet confirmed.' }),
  nonce: registry.gauge({ name: 'txmgr_current_nonce', help: 'Nonce of the last transaction published.' }),
  publishErrors: registry.counter({ name: 'txmgr_tx_publish_error_count', help: 'Tries to publish that failed.' }),
  bumps: registry.counter({ name: 'txmgr_tx_gas_bump', help: 'Times that fees were raised.' }),
  confirmed: registry.counter({
    name: 'txmgr_tx_confirmed_count',
    labels: ['status'],
    help: 'Transactions confirmed, by outcome.',
  }),
  dropped: registry.counter({
    name: 'txmgr_tx_dropped_count',
    help: 'Confirmed transactions that an L1 reorg took out.',
  }),
})
export type TxMetrics = ReturnType<typeof createTxMetrics>
