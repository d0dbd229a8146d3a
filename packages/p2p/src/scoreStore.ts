import type { Clock, Logger } from '@keelson/service'
import { peerIdFromString } from '@libp2p/peer-id'
import type { AppScores, ReqRespScores } from './appScores.ts'
import { base32 } from './base32.ts'
import type { P2PStore } from './store.ts'

const PREFIX = '/peers/scores/'
/** Records that were not touched for this long are removed. */
const KEEP_SECONDS = 7 * 24 * 60 * 60

/** Where op-node keeps a peer's scores. */
export const scoreKey = (peerId: string) => `${PREFIX}${base32(peerIdFromString(peerId).toMultihash().bytes)}`

type ScoreRecord = { id: string; lastUpdate: number; peerScores: { reqResp: ReqRespScores } }

/** Writes the scores of all peers that have any. */
export async function saveScores(store: P2PStore, scores: AppScores, clock: Pick<Clock, 'now'>): Promise<void> {
  const lastUpdate = Math.floor(clock.now() / 1000)
  for (const [id, reqResp] of scores.entries()) {
    const record: ScoreRecord = { id, lastUpdate, peerScores: { reqResp } }
    await store.put(scoreKey(id), JSON.stringify(record))
  }
}

/** Takes up the scores of earlier runs, and removes old records. */
export async function restoreScores(store: P2PStore, scores: AppScores, clock: Pick<Clock, 'now'>, log: Logger) {
  const now = Math.floor(clock.now() / 1000)
  for (const { key, value } of await store.list(PREFIX)) {
    try {
      const { id, lastUpdate, peerScores } = JSON.parse(value) as ScoreRecord
      if (now - lastUpdate > KEEP_SECONDS) await store.delete(key)
      else scores.restore(id, peerScores.reqResp, lastUpdate * 1000)
    } catch (err) {
      log.warn('Removed an unreadable peer score', { key, err })
      await store.delete(key)
    }
  }
}
