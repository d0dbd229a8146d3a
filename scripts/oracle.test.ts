import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  findDisagreement,
  historyScript,
  playHistory,
  runPipeline,
} from '../packages/derive/testing/histories/index.ts'
import { nodeSyncStart } from './nodeSyncStart.ts'

it('[DER-026] [DER-369] [DER-372] [DER-373] [DER-377] after L1 reorgs, the pipeline derives from the sync start of a node what the rules say', async () => {
  let resets = 0
  let belowSafe = 0
  for (const script of fc.sample(historyScript(25), { numRuns: 60, seed: 4 })) {
    if (!script.steps.some(({ reorg }) => reorg)) continue
    const history = playHistory(script)
    const result = await runPipeline(history, { findStart: nodeSyncStart })
    expect(findDisagreement(history, result)).toBeNull()
    resets += result.resets
    if (history.features.has('reorgBelowSafe')) belowSafe++
  }
  expect(resets).toBeGreaterThan(10)
  expect(belowSafe).toBeGreaterThan(2)
})
