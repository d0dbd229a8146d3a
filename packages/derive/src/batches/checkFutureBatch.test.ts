import type { L1BlockRef, SingularBatch, SpanBatch } from '@keelson/protocol'
import { testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { batchOn, fakeHash, l1Chain, l2Block, spanOn, stageConfig, withForks } from '../../testing/index.ts'
import { L1Window } from '../l1Window.ts'
import { checkFutureBatch } from './checkFutureBatch.ts'

const tx = testTx({ chainId: 901n })
const chain = l1Chain(40)
const l1 = (index: number) => chain[index] as L1BlockRef
/** Drift 20 s, sequencing window 10, L1 blocks 12 s apart, the first at time 1000. */
const config = stageConfig('ecotone')
/** At time 1010. */
const safeHead = l2Block(5n, l1(0))

type Situation = {
  readonly known?: readonly [number, number]
  readonly inclusion?: number
  readonly rules?: typeof config
}

function judge(batch: SingularBatch | SpanBatch, { known = [0, 6], inclusion = 5, rules = config }: Situation = {}) {
  const window = new L1Window()
  for (const ref of chain.slice(...known)) window.push(ref)
  const situation = { config: rules, window, safeHead, inclusion: l1(inclusion) }
  const decoded =
    'blockCount' in batch
      ? ({ type: 'span', batch, channel: 1 } as const)
      : ({ type: 'singular', batch, channel: 1 } as const)
  return checkFutureBatch(decoded, situation)?.rule ?? null
}

const singular = (origin: number, timestamp: bigint, overrides: Partial<SingularBatch> = {}) =>
  batchOn(safeHead, l1(origin), { timestamp, parentHash: fakeHash('not there yet'), ...overrides })

/** A span of blocks with these origins, the first at `timestamp`. */
const span = (origins: readonly number[], timestamp: bigint) =>
  spanOn(config, l2Block(5n, l1(0), { timestamp: timestamp - 2n }), origins.map(l1))

describe('a singular batch of the future', () => {
  it('[DER-151] [DER-157] is kept while it may become valid', () => {
    expect(judge(singular(0, 1_014n))).toBeNull()
    expect(judge(singular(1, 1_014n, { transactions: [tx] }))).toBeNull()
  })

  it('[DER-001] is dropped at a time between blocks', () => {
    expect(judge(singular(0, 1_015n))).toBe('DER-159')
    const rules = { ...config, blockTime: 3n }
    expect([1_013n, 1_014n, 1_015n, 1_016n].map((time) => judge(singular(0, time), { rules }))).toEqual([
      null,
      'DER-159',
      'DER-159',
      null,
    ])
  })

  it('[DER-006] [DER-162] is dropped when it was included after the window of its epoch', () => {
    expect(judge(singular(0, 1_014n), { known: [0, 11], inclusion: 10 })).toBeNull()
    expect(judge(singular(0, 1_014n), { known: [0, 12], inclusion: 11 })).toBe('DER-162')
  })

  it('[DER-163] is dropped when its epoch is complete', () => {
    expect(judge(singular(1, 1_014n), { known: [1, 6] })).toBeNull()
    expect(judge(singular(0, 1_014n), { known: [1, 6] })).toBe('DER-163')
  })

  it('[DER-007] is dropped when its epoch is not before the L1 block that holds it', () => {
    expect(judge(singular(4, 1_060n), { inclusion: 5 })).toBeNull()
    expect(judge(singular(5, 1_060n), { inclusion: 5 })).toBe('DER-007')
    expect(judge(singular(0, 1_014n, { epochNumber: 2n ** 64n - 1n }))).toBe('DER-007')
  })

  it('[DER-167] is dropped when it names another L1 block', () => {
    expect(judge(singular(1, 1_014n, { epochHash: fakeHash('other') }))).toBe('DER-167')
  })

  it('[DER-168] is dropped when it is older than its L1 origin', () => {
    expect(judge(singular(2, 1_024n))).toBeNull()
    expect(judge(singular(2, 1_022n))).toBe('DER-168')
  })

  it('[DER-170] is dropped with transactions beyond the drift', () => {
    expect(judge(singular(0, 1_020n, { transactions: [tx] }))).toBeNull()
    expect(judge(singular(0, 1_022n, { transactions: [tx] }))).toBe('DER-170')
  })

  it('[DER-171] is dropped without transactions where not even a block that moves to its epoch can be', () => {
    // Of the first epoch known: one block may move to it, from the last time of a block that stays.
    expect(judge(singular(0, 1_022n))).toBeNull()
    expect(judge(singular(0, 1_024n))).toBe('DER-171')
    expect(judge(singular(1, 1_036n))).toBeNull()
    expect(judge(singular(1, 1_038n))).toBe('DER-171')
    expect(judge(singular(0, 2n ** 63n))).toBe('DER-171')
  })

  it('[DER-171] may be as late as the next L1 block where that is later than the drift', () => {
    const rules = { ...config, maxSequencerDrift: 4n }
    expect(judge(singular(0, 1_014n), { rules })).toBeNull()
    expect(judge(singular(0, 1_016n), { rules })).toBe('DER-171')
  })

  it('[DER-012] goes by the drift as of its L1 origin', () => {
    const rules = withForks(config, { fjord: l1(1).timestamp })
    expect(judge(singular(0, 1_100n, { transactions: [tx] }), { rules })).toBe('DER-171')
    expect(judge(singular(1, 1_100n, { transactions: [tx] }), { rules })).toBeNull()
  })

  it('[DER-169] [DER-172] [DER-173] [DER-175] is dropped with transactions that its block may not hold', () => {
    const rules = withForks(config, { jovian: 1_014n })
    expect(judge(singular(1, 1_014n, { transactions: [tx] }), { rules })).toBe('DER-169')
    expect(judge(singular(1, 1_014n), { rules })).toBeNull()
    const holding = (...bytes: number[]) => judge(singular(1, 1_014n, { transactions: [Uint8Array.from(bytes)] }))
    expect([holding(), holding(0x7e), holding(4)]).toEqual(['DER-172', 'DER-173', 'DER-175'])
  })
})

describe('a span batch of the future', () => {
  it('[DER-182] is kept while it may become valid', () => {
    expect(judge(span([0, 1, 1], 1_014n))).toBeNull()
  })

  it('[DER-186] [DER-189] [DER-191] [DER-192] is dropped where no block can come before it, or its epochs are past or to come', () => {
    expect(judge(span([0], 1_015n))).toBe('DER-186')
    expect(judge(span([0, 1], 1_014n), { known: [0, 12], inclusion: 10 })).toBeNull()
    expect(judge(span([0, 1], 1_014n), { known: [0, 12], inclusion: 11 })).toBe('DER-189')
    expect(judge(span([0, 1], 1_014n), { known: [1, 6] })).toBe('DER-192')
    expect(judge(span([3, 4], 1_060n), { inclusion: 5 })).toBeNull()
    expect(judge(span([4, 5], 1_060n), { inclusion: 5 })).toBe('DER-007')
  })

  it('[DER-191] is dropped when its last L1 origin is another block', () => {
    const other = { ...l1(1), hash: fakeHash('other') }
    expect(judge(spanOn(config, l2Block(6n, l1(0)), [l1(0), other]))).toBe('DER-191')
  })

  it('[DER-195] [DER-197] is dropped when its first block is before its L1 origin, or later than any can be', () => {
    expect(judge(span([2, 2], 1_022n))).toBe('DER-195')
    expect(judge(span([0, 1], 1_022n))).toBeNull()
    expect(judge(span([0, 1], 1_024n))).toBe('DER-197')
  })
})
