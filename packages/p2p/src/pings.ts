import { type Clock, errorText, every, type Logger } from '@keelson/service'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Host } from './host.ts'
import { createTokenBucket } from './tokenBucket.ts'

const ROUND_MS = 180_000

/** Measures the latency of all connected peers every 3 minutes. A ping that fails only leaves no latency. */
export function measureLatencies(host: Host, clock: Clock, log: Logger, signal: AbortSignal) {
  const latencies = new Map<string, number>()
  const bucket = createTokenBucket(1, 10, clock.now)

  const stop = every(clock, ROUND_MS, async () => {
    const round = AbortSignal.any([signal, AbortSignal.timeout(ROUND_MS)])
    const peers = host.getPeers().map((peer) => peer.toString())
    for (const known of [...latencies.keys()]) if (!peers.includes(known)) latencies.delete(known)
    for (const peer of peers) {
      try {
        await clock.sleep(bucket.reserve(), round)
        latencies.set(peer, await host.services.ping.ping(peerIdFromString(peer), { signal: round }))
      } catch (err) {
        if (round.aborted) return
        log.debug('Ping failed', { peer, reason: errorText(err) })
      }
    }
  })
  return {
    /** Milliseconds of the last ping; 0 when there was none. */
    of: (peerId: string) => latencies.get(peerId) ?? 0,
    stop,
  }
}
