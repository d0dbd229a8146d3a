import { nullLogger } from '@keelson/service'
import { ManualClock } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import { createAppScores } from './appScores.ts'
import { type PrunablePeer, peersToPrune } from './connectionTides.ts'
import { monitorPeers } from './peerMonitor.ts'
import { decayPerSlot, lightScoreParams, SCORE_THRESHOLDS } from './scoreParams.ts'
import { restoreScores, saveScores } from './scoreStore.ts'
import { createMemoryStore } from './store.ts'

const PEER = '16Uiu2HAm4wN4epAyuj82ix2QC1Uc2vQd833szwvsNpLqhubPz8xa'

describe('connection tides', () => {
  const limits = { lo: 2, hi: 4, graceMs: 30_000 }
  const some = (n: number, change: Partial<PrunablePeer> = {}): PrunablePeer[] =>
    Array.from({ length: n }, (_, i) => ({
      id: `p${i}`,
      protected: false,
      connectedMs: 60_000 + i,
      score: i,
      ...change,
    }))

  it('[P2P-014] prunes above the high tide down to the low one, worst scores first', () => {
    expect(peersToPrune(some(4), limits)).toEqual([])
    expect(peersToPrune(some(5), limits)).toEqual(['p0', 'p1', 'p2'])
  })

  it('[P2P-014] spares protected peers and those in their grace period', () => {
    expect(peersToPrune(some(5, { protected: true }), limits)).toEqual([])
    expect(peersToPrune(some(5, { connectedMs: 29_999 }), limits)).toEqual([])
  })

  it('[P2P-015] prunes harder when memory is short', () => {
    // What the tides ask for in an emergency: to the low tide at once, without grace.
    const emergency = { lo: 2, hi: 2, graceMs: 0 }
    expect(peersToPrune(some(4, { connectedMs: 1 }), emergency)).toEqual(['p0', 'p1'])
  })
})

describe('peer monitor', () => {
  it('[P2P-002] [P2P-017] bans whose score is below the threshold, one look a second, never static peers', async () => {
    const clock = new ManualClock()
    const banned: [string, number][] = []
    const scores: Record<string, number> = { good: 0, bad: -101, edge: -100, trusted: -500 }
    const start = clock.now()
    const stop = monitorPeers({
      clock,
      log: nullLogger,
      threshold: -100,
      banDurationMs: 3_600_000,
      connected: () => Object.keys(scores),
      scoreOf: (peer) => scores[peer] ?? 0,
      isStatic: (peer) => peer === 'trusted',
      ban: async (peer, until) => {
        banned.push([peer, until])
        delete scores[peer]
      },
    })
    await clock.advance(1000)
    expect(banned).toEqual([])
    await clock.advance(1000)
    expect(banned).toEqual([['bad', start + 2000 + 3_600_000]])
    await clock.advance(10_000)
    expect(banned.length).toBe(1)
    stop()
  })
})

describe('scores', () => {
  it('[P2P-085] follow op-node: no topic scores, its weights, decays and thresholds', () => {
    const params = lightScoreParams(2n, () => 0)
    expect(params).toMatchObject({
      topics: {},
      appSpecificWeight: 1,
      IPColocationFactorWeight: -35,
      IPColocationFactorThreshold: 10,
      behaviourPenaltyWeight: -16,
      behaviourPenaltyThreshold: 6,
      decayInterval: 2000,
      decayToZero: 0.01,
      retainScore: 1_200_000,
    })
    expect(params.behaviourPenaltyDecay).toBeCloseTo(0.926119, 6)
    expect(lightScoreParams(0n, () => 0).decayInterval).toBe(2000)
    expect(Object.values(SCORE_THRESHOLDS)).toEqual([-10, -40, -40, 20, 0.05])
  })

  it('of requests have weights and caps, and decay by slots', async () => {
    const clock = new ManualClock()
    const scores = createAppScores(2n, clock)
    for (let i = 0; i < 30; i++) scores.record('a', 'validResponses')
    expect(scores.scoreOf('a')).toBe(5)
    scores.record('b', 'errorResponses')
    scores.record('c', 'rejectedPayloads')
    expect([scores.scoreOf('b'), scores.scoreOf('c')]).toEqual([-1, -20])
    await clock.advance(2000)
    expect(scores.scoreOf('c')).toBeCloseTo(-20 * decayPerSlot(10), 9)
    await clock.advance(116_000)
    expect(scores.of('c').rejectedPayloads).toBeCloseTo(decayPerSlot(10) ** 59, 9)
    await clock.advance(600_000)
    expect([...scores.entries()]).toEqual([])
  })

  it('[P2P-016] outlive a restart, decayed, for a week', async () => {
    const clock = new ManualClock()
    const store = createMemoryStore()
    const before = createAppScores(2n, clock)
    before.record(PEER, 'rejectedPayloads')
    await saveScores(store, before, clock)
    await clock.advance(2000)
    const after = createAppScores(2n, clock)
    await restoreScores(store, after, clock, nullLogger)
    expect(after.scoreOf(PEER)).toBeCloseTo(-20 * decayPerSlot(10), 9)
    await clock.advance(8 * 86_400_000)
    await restoreScores(store, createAppScores(2n, clock), clock, nullLogger)
    expect(await store.list('/peers/scores/')).toEqual([])
  })
})
