import type { MetricRegistry } from '@keelson/service'

/** op-node's P2P metrics, and what we count beyond them (`keelson_…`). */
export const createP2PMetrics = (registry: MetricRegistry) => ({
  peerCount: registry.gauge({ name: 'p2p_peer_count', help: 'Connected peers.' }),
  streamCount: registry.gauge({ name: 'p2p_stream_count', help: 'Open streams.' }),
  peerScores: registry.histogram({
    name: 'peer_scores',
    labels: ['type'],
    buckets: [-100, -40, -20, -10, -5, -2, -1, -0.5, -0.05, 0, 0.05, 0.5, 1, 2, 5, 10, 20, 40],
    help: 'Scores of the connected peers, replaced at each snapshot.',
  }),
  gossipEvents: registry.counter({ name: 'p2p_gossip_events_total', labels: ['type'], help: 'Gossip events by type.' }),
  bandwidth: registry.gauge({
    name: 'p2p_bandwidth_bytes_total',
    labels: ['direction'],
    help: 'Bytes of gossip and of block requests, by direction.',
  }),
  peerUnbans: registry.counter({ name: 'p2p_peer_unbans', help: 'Bans of peers that have expired.' }),
  ipUnbans: registry.counter({ name: 'p2p_ip_unbans', help: 'Bans of addresses that have expired.' }),
  dials: registry.counter({
    name: 'p2p_dials',
    labels: ['allow'],
    help: 'Outgoing connections by decision of the gater.',
  }),
  accepts: registry.counter({
    name: 'p2p_accepts',
    labels: ['allow'],
    help: 'Incoming connections by decision of the gater.',
  }),
  requestDuration: registry.histogram({
    name: 'p2p_req_duration_seconds',
    labels: ['p2p_role', 'p2p_method', 'result_code'],
    help: 'Seconds of a req/resp exchange.',
  }),
  requests: registry.counter({
    name: 'p2p_req_total',
    labels: ['p2p_role', 'p2p_method', 'result_code'],
    help: 'Req/resp exchanges by role and result.',
  }),
  payloadByNumber: registry.gauge({
    name: 'p2p_payload_by_number',
    labels: ['p2p_role'],
    help: 'Last block number asked for by payload_by_number.',
  }),
  quarantine: registry.gauge({ name: 'p2p_payloads_quarantine_total', help: 'Payloads held until they are trusted.' }),
  validations: registry.counter({
    name: 'keelson_p2p_block_validations_total',
    labels: ['verdict', 'reason'],
    help: 'Gossiped blocks by verdict and the rule that decided.',
  }),
})
export type P2PMetrics = ReturnType<typeof createP2PMetrics>
