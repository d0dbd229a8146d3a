import { type Clock, every, type Logger } from '@keelson/service'
import type { Connection } from '@libp2p/interface'
import type { Host } from './host.ts'

/** How often connections are counted, and the pause after a pruning. */
const CHECK_MS = 10_000
const SILENCE_MS = 60_000

export type TideLimits = { readonly lo: number; readonly hi: number; readonly graceMs: number }

/** One connected peer as pruning sees it. */
export type PrunablePeer = {
  readonly id: string
  readonly protected: boolean
  readonly connectedMs: number
  readonly score: number
}

/** Which peers to let go: above the high tide down to the low one, never the protected nor those in their grace. */
export function peersToPrune(peers: readonly PrunablePeer[], { lo, hi, graceMs }: TideLimits): string[] {
  if (peers.length <= hi) return []
  return peers
    .filter((peer) => !peer.protected && peer.connectedMs >= graceMs)
    .sort((a, b) => a.score - b.score || a.connectedMs - b.connectedMs)
    .slice(0, peers.length - lo)
    .map((peer) => peer.id)
}

/**
 * Prunes by the tides, and harder when memory is short: then without waiting, to the low tide, grace or not.
 *
 * @param memoryShort - asked at each check
 */
export function keepConnectionTides(
  host: Host,
  limits: TideLimits,
  parts: {
    readonly clock: Clock
    readonly log: Logger
    readonly isProtected: (peerId: string) => boolean
    readonly scoreOf: (peerId: string) => number
    readonly memoryShort?: () => boolean
  },
): () => void {
  const { clock, log, isProtected, scoreOf, memoryShort = () => false } = parts
  let lastPruned = Number.NEGATIVE_INFINITY

  return every(clock, CHECK_MS, async () => {
    const emergency = memoryShort()
    if (!emergency && clock.now() - lastPruned < SILENCE_MS) return
    const oldest = new Map<string, Connection>()
    for (const connection of host.getConnections()) {
      const id = connection.remotePeer.toString()
      if (connection.timeline.open < (oldest.get(id)?.timeline.open ?? Number.POSITIVE_INFINITY))
        oldest.set(id, connection)
    }
    const peers = [...oldest].map(([id, connection]) => ({
      id,
      protected: isProtected(id),
      connectedMs: clock.now() - connection.timeline.open,
      score: scoreOf(id),
    }))
    const chosen = peersToPrune(peers, emergency ? { ...limits, hi: limits.lo, graceMs: 0 } : limits)
    if (chosen.length === 0) return
    lastPruned = clock.now()
    log.info('Pruning peers', { count: chosen.length, connected: peers.length, emergency })
    await Promise.allSettled(chosen.map((id) => oldest.get(id)?.close({ signal: AbortSignal.timeout(1000) })))
  })
}
