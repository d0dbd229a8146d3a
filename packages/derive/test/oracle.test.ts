import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstDifference, type HistoryScript, historyScript, playHistory, runPipeline } from '../testing/histories/index.ts'

async function difference(script: HistoryScript): Promise<string | null> {
  const history = playHistory(script)
  return firstDifference(await runPipeline(history), history.derived)
}

describe('pipeline and plain implementation', () => {
  it('[DER-008] agree on hostile L1 histories', async () => {
    await fc.assert(
      fc.asyncProperty(historyScript(25), async (script) => {
        expect(await difference(script)).toBeNull()
      }),
      { numRuns: 40, seed: 20_26 },
    )
  })

  it('[DER-008] derive the same whether or not the later L1 blocks are there already', async () => {
    const scripts = fc.sample(historyScript(25), { numRuns: 6, seed: 5 })
    for (const script of scripts) {
      const whole = playHistory(script)
      const cut = { ...whole, blocks: whole.blocks.slice(0, Math.ceil(whole.blocks.length / 2)) }
      const last = cut.blocks.at(-1)?.info.number ?? 0n
      expect(firstDifference(await runPipeline(cut), whole.derived.filter(({ derivedFrom }) => derivedFrom <= last))).toBeNull()
    }
  })
})
