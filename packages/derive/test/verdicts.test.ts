import { tryDecodeFrames, tryDecodeTxEnvelope } from '@keelson/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../src/index.ts'
import {
  type History,
  type HistoryScript,
  historyScript,
  playHistory,
  runPipeline,
} from '../testing/histories/index.ts'

const withoutReorgs = ({ steps }: HistoryScript) => steps.map((step) => ({ ...step, reorg: null }))

async function judged(history: History): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  await runPipeline(history, { observer: { verdict: (verdict) => verdicts.push(verdict) } })
  return verdicts
}

describe('verdicts', () => {
  // Without a switch to Holocene within a history, and without L1 reorgs: what is in flight then is discarded unseen.
  const histories = fc
    .sample(historyScript(20), { numRuns: 24, seed: 12 })
    .map((script) => playHistory({ ...script, forkGaps: [], steps: withoutReorgs(script) }))

  it('are given for every transaction to the inbox', async () => {
    for (const history of histories) {
      const inbox = history.config.batchInboxAddress
      const sent = history.blocks.flatMap(({ transactions }) =>
        transactions.filter((tx) => tryDecodeTxEnvelope(tx)?.to === inbox),
      )
      const seen = (await judged(history)).filter(({ subject }) => subject === 'transaction')
      expect(seen).toHaveLength(sent.length)
    }
  })

  it('are given once for every frame of a payload that is taken', async () => {
    let count = 0
    for (const history of histories) {
      const verdicts = await judged(history)
      let expected = 0
      for (const verdict of verdicts) {
        if (verdict.subject !== 'payload' || verdict.outcome !== 'accepted' || verdict.blobIndex !== undefined) continue
        const block = history.blocks.find(({ info }) => info.hash === verdict.origin.hash)
        const tx = tryDecodeTxEnvelope(block?.transactions[verdict.txIndex] as Uint8Array)
        expected += tryDecodeFrames(tx?.input as Uint8Array)?.length ?? 0
      }
      if (history.features.has('blobs')) continue
      expect(verdicts.filter(({ subject }) => subject === 'frame')).toHaveLength(expected)
      count += expected
    }
    expect(count).toBeGreaterThan(50)
  })

  it('name a rule, say why, and tell where the pipeline stood', async () => {
    for (const history of histories) {
      for (const { rule, reason, origin } of await judged(history)) {
        expect(rule).toMatch(/^DER-\d{3}$/)
        expect(reason.length).toBeGreaterThan(5)
        expect(history.blocks.some(({ info }) => info.hash === origin.hash)).toBe(true)
      }
    }
  })

  it('change nothing in what is derived', async () => {
    for (const history of histories.slice(0, 4)) {
      const observed = await runPipeline(history, { observer: { verdict: () => {} } })
      expect(observed).toEqual(await runPipeline(history))
    }
  })
})
