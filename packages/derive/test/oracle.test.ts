import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  findDisagreement,
  type HistoryScript,
  historyScript,
  playHistory,
  runPipeline,
} from '../testing/histories/index.ts'

async function difference(script: HistoryScript): Promise<string | null> {
  const history = playHistory(script)
  return findDisagreement(history, await runPipeline(history))
}

const quiet = {
  reorg: null,
  idle: 0,
  pace: 10_000,
  slots: 1,
  deposits: 0,
  configUpdate: 0,
  build: 0,
  txs: 0,
  isStuck: true,
  posts: [],
} as const
const plainPost = {
  isSpan: false,
  isBrotli: false,
  isBlob: false,
  blocks: 1,
  frames: 1,
  isOnePayload: false,
  delay: 0,
  variant: 0,
} as const

/** Histories on which the two once differed, shrunk. */
const DISAGREEMENTS: readonly (readonly [string, HistoryScript])[] = [
  [
    '[DER-203] [DER-209] an empty batch is made as soon as its window has passed, also after a span that names an L1 block still to come',
    {
      genesisFork: 4,
      forkGaps: [0, 0, 0],
      seqWindowSize: 3,
      channelTimeout: 1,
      maxSequencerDrift: 4,
      steps: [
        { ...quiet, deposits: 1, build: 1, posts: [{ ...plainPost, kind: 'shuffled', isBlob: true, delay: 2 }] },
        quiet,
        { ...quiet, posts: [{ ...plainPost, kind: 'tooEarly', isSpan: true, isBlob: true, variant: 379 }] },
        { ...quiet, deposits: 1 },
      ],
    },
  ],
  [
    '[DER-180] [DER-181] a span batch at the Delta time is judged by the first L1 block known, also where that is after the origin of the safe head',
    {
      genesisFork: 0,
      forkGaps: [4, 0, 0],
      seqWindowSize: 4,
      channelTimeout: 1,
      maxSequencerDrift: 4,
      steps: [
        ...[0, 0, 1, 0, 0, 1, 0].map((deposits) => ({ ...quiet, deposits })),
        { ...quiet, build: 4, isStuck: false, posts: [{ ...plainPost, kind: 'honest', isBlob: true, blocks: 4 }] },
        { ...quiet, slots: 2, build: 1, isStuck: false, posts: [{ ...plainPost, kind: 'honest', isSpan: true }] },
        quiet,
      ],
    },
  ],
  [
    '[DER-111] [DER-181] batches are taken in one by one, each before the next try to derive: a span batch is judged by the safe head of then',
    {
      genesisFork: 0,
      forkGaps: [0, 0, 0, 0],
      seqWindowSize: 3,
      channelTimeout: 1,
      maxSequencerDrift: 4,
      steps: [
        { ...quiet, deposits: 1 },
        { ...quiet, slots: 2, build: 2 },
        {
          ...quiet,
          build: 3,
          posts: [
            { ...plainPost, kind: 'shuffled', isBlob: true, blocks: 4 },
            { ...plainPost, kind: 'shuffled', isBlob: true, isSpan: true },
          ],
        },
        { ...quiet, slots: 12 },
      ],
    },
  ],
  [
    '[DER-209] the block of the next epoch is derived from the next L1 block, also when derivation is tried again before that comes',
    {
      genesisFork: 0,
      forkGaps: [0, 0, 0],
      seqWindowSize: 3,
      channelTimeout: 1,
      maxSequencerDrift: 4,
      steps: [
        { ...quiet, build: 1 },
        {
          ...quiet,
          posts: [
            { ...plainPost, kind: 'shuffled' },
            { ...plainPost, kind: 'tooEarly', isSpan: true, variant: 443 },
          ],
        },
        { ...quiet, deposits: 1 },
        quiet,
      ],
    },
  ],
]

/** The sequencer makes blocks with transactions, the batcher posts them, somebody deposits. */
const busy = {
  ...quiet,
  deposits: 1,
  build: 2,
  txs: 1,
  isStuck: false,
  posts: [{ ...plainPost, kind: 'honest', blocks: 4 }],
} as const
const lagging = { ...busy, pace: 0 }
const back = (depth: number, { isReincluded = false, isForgotten = false } = {}) => ({
  ...busy,
  reorg: { depth, isReincluded, isForgotten },
})
const settings = { forkGaps: [], seqWindowSize: 4, channelTimeout: 3, maxSequencerDrift: 20 }

/** What L1 does, and how often the pipeline must be reset for it. */
const REORGS: readonly (readonly [string, HistoryScript['steps'], number])[] = [
  ['of blocks that were not read yet is none for the pipeline', [busy, busy, lagging, lagging, back(2), busy], 0],
  ['of the newest block makes a reset', [busy, busy, busy, back(1), busy], 1],
  ['that is deeper than the sequencing window makes a reset', [...Array(14).fill(busy), back(11), busy], 1],
  [
    'whose branch has the batches of the old one makes a reset',
    [...Array(6).fill(busy), back(4, { isReincluded: true })],
    1,
  ],
  ['whose old blocks are forgotten makes a reset', [...Array(6).fill(busy), back(4, { isForgotten: true }), busy], 1],
  [
    'that is seen only after another one makes one reset',
    [...Array(6).fill(busy), { ...back(4), pace: 0 }, back(5), busy],
    1,
  ],
  [
    'that follows another one makes another reset',
    [...Array(6).fill(busy), back(2), busy, busy, busy, back(5), busy],
    2,
  ],
]

describe('pipeline and plain implementation', () => {
  it('[DER-008] agree on hostile L1 histories', async () => {
    await fc.assert(
      fc.asyncProperty(historyScript(25), async (script) => {
        expect(await difference(script)).toBeNull()
      }),
      { numRuns: 40, seed: 20_26 },
    )
  })

  it.each(DISAGREEMENTS)('%s', async (_, script) => {
    expect(await difference(script)).toBeNull()
  })

  it.each(REORGS)('[DER-026] [DER-369] [DER-380] agree after an L1 reorg: one %s', async (_, steps, resets) => {
    for (const genesisFork of [0, 5, 7, 10]) {
      const history = playHistory({ ...settings, genesisFork, steps })
      const result = await runPipeline(history)
      expect(findDisagreement(history, result)).toBeNull()
      expect(result.resets).toBe(resets)
      expect(result.chain.at(-1)?.ref).toEqual(history.chain.at(-1)?.ref)
    }
  })

  it('[DER-008] agree also when reads fail now and then', async () => {
    for (const script of fc.sample(historyScript(20), { numRuns: 8, seed: 9 })) {
      const history = playHistory(script)
      expect(findDisagreement(history, await runPipeline(history, { failEvery: 2 }))).toBeNull()
    }
  })

  it('[DER-008] [DER-025] derive the same whether L1 blocks come one by one or are all there already', async () => {
    for (const script of fc.sample(historyScript(25), { numRuns: 6, seed: 5 })) {
      const history = playHistory({ ...script, steps: script.steps.map((step) => ({ ...step, reorg: null })) })
      for (const pace of [0, 1, 10_000]) {
        const arrivals = history.arrivals.map((arrival) => ({ ...arrival, pace }))
        expect(findDisagreement(history, await runPipeline({ ...history, arrivals }))).toBeNull()
      }
    }
  })
})
