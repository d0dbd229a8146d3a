import { type Clock, every, type Logger } from '@keelson/service'

/** One peer is looked at each second. */
const INTERVAL_MS = 1000

export type PeerMonitorParts = {
  readonly clock: Clock
  readonly log: Logger
  readonly threshold: number
  readonly banDurationMs: number
  readonly connected: () => readonly string[]
  readonly scoreOf: (peerId: string) => number
  /** Static peers are never banned. */
  readonly isStatic: (peerId: string) => boolean
  readonly ban: (peerId: string, until: number) => Promise<void>
}

/** Bans peers whose score has fallen below the threshold, round robin over the connected ones. */
export function monitorPeers(parts: PeerMonitorParts): () => void {
  const { clock, log, threshold, banDurationMs } = parts
  let queue: string[] = []
  return every(clock, INTERVAL_MS, async () => {
    if (queue.length === 0) queue = [...parts.connected()]
    const peer = queue.shift()
    if (peer === undefined || parts.isStatic(peer) || !parts.connected().includes(peer)) return
    const score = parts.scoreOf(peer)
    if (score >= threshold) return
    log.warn('Banning a peer for its score', { peer, score, threshold })
    try {
      await parts.ban(peer, clock.now() + banDurationMs)
    } catch (err) {
      log.error('Could not ban a peer', { peer, err })
    }
  })
}
