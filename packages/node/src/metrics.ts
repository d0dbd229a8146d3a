import { hexToBytes, type L1BlockRef, type L2BlockRef } from '@keelson/protocol'
import { type Clock, eventPair, type MetricRegistry } from '@keelson/service'

const REORG_BUCKETS = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 20.5, 50.5, 100.5]
const BUILD_DIFF_BUCKETS = [
  -10, -5, -2.5, -1, -0.5, -0.25, -0.1, -0.05, -0.025, -0.01, -0.005, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  5, 10,
]

/** op-node's metrics of the node itself; the registry's prefix is `op_node_default_`. */
export function createNodeMetrics(registry: MetricRegistry, clock: Pick<Clock, 'now'>) {
  const now = () => clock.now()
  const gauge = <L extends string = never>(name: string, help: string, labels?: readonly L[]) =>
    registry.gauge<L>({ name, help, ...(labels ? { labels } : {}) })
  const pair = (name: string, help: string) => eventPair(registry, { name, help }, now)

  const refsNumber = gauge('refs_number', 'Height of a block reference.', ['layer', 'type'])
  const refsTime = gauge('refs_time', 'Timestamp of a block reference.', ['layer', 'type'])
  const refsHash = gauge('refs_hash', 'First 8 bytes of the hash of a block reference, as a number.', ['layer', 'type'])
  const refsSeqNr = gauge('refs_seqnr', 'Sequence number of an L2 block reference.', ['type'])
  const refsLatency = gauge('refs_latency', 'Timestamp minus now when a reference was first seen.', ['layer', 'type'])
  const seen = new Map<string, string>()

  const recordRef = (layer: string, type: string, ref: { number: bigint; hash: string; timestamp?: bigint }) => {
    const labels = { layer, type }
    refsNumber.set(labels, Number(ref.number))
    refsHash.set(labels, hashAsNumber(ref.hash))
    if (!ref.timestamp) return
    refsTime.set(labels, Number(ref.timestamp))
    const key = `${layer}/${type}`
    if (seen.get(key) === ref.hash) return
    seen.set(key, ref.hash)
    refsLatency.set(labels, Number(ref.timestamp) - clock.now() / 1000)
  }

  return {
    info: gauge('info', 'Version of the node.', ['version']),
    up: gauge('up', '1 when the node has started.'),
    derivationIdle: gauge('derivation_idle', '1 when derivation has nothing to do.'),
    sequencerActive: gauge('sequencer_active', '1 while this node sequences.'),
    pipelineResets: pair('pipeline_resets', 'derivation resets'),
    unsafePayloads: pair('unsafe_payloads', 'payloads received'),
    derivationErrors: pair('derivation_errors', 'errors of the derivation pipeline'),
    sequencingErrors: pair('sequencing_errors', 'blocks that could not be built or sealed'),
    publishingErrors: pair('publishing_errors', 'blocks that could not be published'),
    sequencerInconsistentL1Origin: pair(
      'sequencer_inconsistent_l1_origin',
      'L1 origins that are no child of the last one',
    ),
    sequencerResets: pair('sequencer_resets', 'resets that the sequencer asked for'),
    eventsRateLimited: eventPair(
      registry,
      { subsystem: 'events', name: 'rate_limited', help: 'events held back' },
      now,
    ),
    eventsEmitted: registry.counter({
      name: 'events_emitted',
      labels: ['event_type', 'emitter'],
      help: 'Events put into the queue.',
    }),
    eventsProcessed: registry.counter({
      name: 'events_processed',
      labels: ['event_type', 'deriver'],
      help: 'Events handled.',
    }),
    eventsProcessTime: registry.counter({
      name: 'events_process_time',
      labels: ['event_type', 'deriver'],
      help: 'Seconds spent on handling events.',
    }),
    eventsEnqueued: gauge('events_total_enqueued', 'Events in the queue.'),
    l1ReorgDepth: registry.histogram({
      name: 'l1_reorg_depth',
      help: 'L1 blocks by which the head went back.',
      buckets: REORG_BUCKETS,
    }),
    transactionsSequenced: registry.counter({
      name: 'transactions_sequenced_total',
      labels: ['type'],
      help: 'Transactions in the blocks this node built.',
    }),
    buildingDiffSeconds: registry.histogram({
      name: 'sequencer_building_diff_seconds',
      help: 'Seconds from start to seal minus the block time.',
      buckets: BUILD_DIFF_BUCKETS,
    }),
    buildingDiffTotal: registry.counter({ name: 'sequencer_building_diff_total', help: 'Blocks built.' }),
    sealingSeconds: registry.histogram({ name: 'sequencer_sealing_seconds', help: 'Seconds that sealing took.' }),
    sealingTotal: registry.counter({ name: 'sequencer_sealing_total', help: 'Blocks sealed.' }),

    recordL1Ref: (type: string, ref: L1BlockRef) => recordRef('l1', type, ref),
    /** A block of which only the payload is known. */
    recordPayload: (type: string, payload: { blockNumber: bigint; blockHash: string; timestamp: bigint }) =>
      recordRef('l2', type, { number: payload.blockNumber, hash: payload.blockHash, timestamp: payload.timestamp }),
    recordL2Ref: (type: string, ref: L2BlockRef) => {
      recordRef('l2', type, ref)
      recordRef('l1_origin', type, ref.l1Origin)
      refsSeqNr.set({ type }, Number(ref.sequenceNumber))
    },
  }
}
export type NodeMetrics = ReturnType<typeof createNodeMetrics>

/** op-node shows the first 8 bytes as a little-endian integer. */
function hashAsNumber(hash: string): number {
  const bytes = hexToBytes(hash)
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
}
