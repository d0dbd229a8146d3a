import type { GossipsubOpts } from '@libp2p/gossipsub'
import type { P2PMetrics } from './metrics.ts'

type Register = NonNullable<GossipsubOpts['metricsRegister']>

/** Which of gossipsub's own counters are op-node's gossip events, by the name of their trace event. */
const EVENTS: Readonly<Record<string, string>> = {
  gossipsub_rpc_recv_count_total: 'RECV_RPC',
  gossipsub_rpc_sent_count_total: 'SEND_RPC',
  gossipsub_pre_validation_duplicate_total: 'DUPLICATE_MESSAGE',
}
/** Which of them are bytes on the wire. */
const BYTES: Readonly<Record<string, 'in' | 'out'>> = {
  gossipsub_rpc_recv_bytes_total: 'in',
  gossipsub_rpc_sent_bytes_total: 'out',
}

const nothing = () => {}

/** Listens to gossipsub's own metrics for those that op-node has too; the others are let go. */
export function gossipMetricsRegister(metrics: P2PMetrics): Register {
  // Called with labels, an amount, both or neither.
  const amountOf = (args: readonly unknown[]) => args.find((arg) => typeof arg === 'number') ?? 1
  const gauge = ({ name }: { name: string }) => {
    const event = EVENTS[name]
    const direction = BYTES[name]
    const inc = (...args: readonly unknown[]) => {
      const amount = amountOf(args) as number
      if (event) metrics.gossipEvents.inc({ type: event }, amount)
      if (direction) metrics.bandwidth.inc({ direction }, amount)
    }
    return { inc: event || direction ? inc : nothing, set: nothing, addCollect: nothing }
  }
  return {
    gauge,
    histogram: () => ({ startTimer: () => nothing, observe: nothing, reset: nothing }),
    avgMinMax: () => ({ set: nothing }),
  } as Register
}
