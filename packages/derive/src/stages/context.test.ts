import type { L1BlockRef } from '@keelson/protocol'
import { expect, it } from 'vitest'
import { l1Chain, stageConfig, testContext } from '../../testing/index.ts'
import { nullDeriveMetrics } from '../metrics.ts'
import { report } from './context.ts'

const [origin] = l1Chain(1) as [L1BlockRef]
const evidence = () => ({ subject: 'payload' as const, txIndex: 0, length: 1 })

it('drops are counted by subject and rule, other outcomes are not', () => {
  const counted: unknown[] = []
  const dropped = { inc: (labels: unknown) => void counted.push(labels) }
  const ctx = { ...testContext(stageConfig('granite'), origin), metrics: { ...nullDeriveMetrics, dropped } }
  for (const outcome of ['accepted', 'dropped', 'past', 'future', 'undecided'] as const)
    report(ctx, { outcome, rule: 'DER-061', reason: 'so it is' }, evidence, 'payload')
  expect(counted).toEqual([{ subject: 'payload', rule: 'DER-061' }])
})
