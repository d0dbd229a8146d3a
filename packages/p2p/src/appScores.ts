import type { Clock } from '@keelson/service'
import { decayPerSlot, slotSeconds } from './scoreParams.ts'

/** What requests to a peer have earned it; each value decays. */
export type ReqRespScores = {
  readonly validResponses: number
  readonly errorResponses: number
  readonly rejectedPayloads: number
}
export type ReqRespEvent = keyof ReqRespScores

const WEIGHTS: Record<ReqRespEvent, { weight: number; cap: number }> = {
  validResponses: { weight: 0.5, cap: 10 },
  errorResponses: { weight: -1, cap: 9 },
  rejectedPayloads: { weight: -20, cap: 20 },
}
const EVENTS = Object.keys(WEIGHTS) as ReqRespEvent[]
const DECAY = decayPerSlot(10)
const FLOOR = 0.01

/** The application's part of a peer's score, from req/resp. */
export interface AppScores {
  record(peerId: string, event: ReqRespEvent): void
  scoreOf(peerId: string): number
  of(peerId: string): ReqRespScores
  /** Takes scores of an earlier run, `atMs` old. */
  restore(peerId: string, scores: ReqRespScores, atMs: number): void
  entries(): Iterable<readonly [string, ReqRespScores]>
}

/** Scores decay by whole slots, counted when they are looked at. Peers whose scores are all zero are forgotten. */
export function createAppScores(blockTime: bigint, clock: Pick<Clock, 'now'>): AppScores {
  const slotMs = slotSeconds(blockTime) * 1000
  const peers = new Map<string, { scores: ReqRespScores; at: number }>()
  const none: ReqRespScores = { validResponses: 0, errorResponses: 0, rejectedPayloads: 0 }

  const current = (peerId: string): ReqRespScores => {
    const entry = peers.get(peerId)
    if (!entry) return none
    const slots = Math.floor((clock.now() - entry.at) / slotMs)
    if (slots <= 0) return entry.scores
    const decayed = (value: number) => {
      const left = value * DECAY ** slots
      return left < FLOOR ? 0 : left
    }
    entry.scores = {
      validResponses: decayed(entry.scores.validResponses),
      errorResponses: decayed(entry.scores.errorResponses),
      rejectedPayloads: decayed(entry.scores.rejectedPayloads),
    }
    entry.at += slots * slotMs
    if (EVENTS.every((event) => entry.scores[event] === 0)) peers.delete(peerId)
    return entry.scores
  }
  return {
    record(peerId, event) {
      const scores = current(peerId)
      const value = Math.min(WEIGHTS[event].cap, scores[event] + 1)
      const at = peers.get(peerId)?.at ?? clock.now()
      peers.set(peerId, { scores: { ...scores, [event]: value }, at })
    },
    scoreOf(peerId) {
      const scores = current(peerId)
      return EVENTS.reduce((sum, event) => sum + scores[event] * WEIGHTS[event].weight, 0)
    },
    of: current,
    restore: (peerId, scores, atMs) => void peers.set(peerId, { scores, at: atMs }),
    entries: () =>
      [...peers.keys()].map((peerId) => [peerId, current(peerId)] as const).filter(([peerId]) => peers.has(peerId)),
  }
}
