import type { GossipSub } from '@libp2p/gossipsub'
import type { AppScores } from './appScores.ts'
import type { P2PMetrics } from './metrics.ts'

/** What gossipsub's implementation tells of scores beyond its declared interface. */
type ScoredGossip = {
  getScore?(peerId: string): number
  dumpPeerScoreStats?(): Record<string, { readonly behaviourPenalty: number }>
}

/** A peer's scores as `opp2p_peers` shows them. */
export type PeerScores = {
  readonly total: number
  readonly behaviouralPenalty: number
  readonly validResponses: number
  readonly errorResponses: number
  readonly rejectedPayloads: number
}

/** The scores of peers from gossip and req/resp together. */
export interface PeerScorebook {
  total(peerId: string): number
  of(peerId: string): PeerScores
}

/** @param enabled - `false`: scoring is `none`, everything is zero */
export function createScorebook(pubsub: GossipSub, app: AppScores, enabled: boolean): PeerScorebook {
  const scored = pubsub as GossipSub & ScoredGossip
  const total = (peerId: string) => (enabled ? (scored.getScore?.(peerId) ?? 0) : 0)
  return {
    total,
    of: (peerId) => ({
      total: total(peerId),
      behaviouralPenalty: enabled ? (scored.dumpPeerScoreStats?.()[peerId]?.behaviourPenalty ?? 0) : 0,
      ...app.of(peerId),
    }),
  }
}

/** Replaces the score histogram by the scores of the peers that are connected now. */
export function snapshotScores(metrics: P2PMetrics, peers: readonly string[], book: PeerScorebook): void {
  metrics.peerScores.reset()
  for (const peer of peers) {
    const scores = book.of(peer)
    metrics.peerScores.observe({ type: 'total' }, scores.total)
    metrics.peerScores.observe({ type: 'behavioralPenalty' }, scores.behaviouralPenalty)
    metrics.peerScores.observe({ type: 'reqRespValidResponses' }, scores.validResponses)
    metrics.peerScores.observe({ type: 'reqRespErrorResponses' }, scores.errorResponses)
    metrics.peerScores.observe({ type: 'reqRespRejectedPayloads' }, scores.rejectedPayloads)
  }
}
