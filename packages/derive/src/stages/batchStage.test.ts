import type { L1BlockRef, L2BlockRef, SingularBatch, SpanBatch } from '@keelson/protocol'
import { testSystemConfig, testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import {
  baseAt,
  batchOn,
  fakeHash,
  fedStage,
  l1Chain,
  l2Block,
  MemoryL2,
  nextOf,
  shown,
  spanOn,
  stageConfig,
  testContext,
} from '../../testing/index.ts'
import { BatchContext, type DerivedBatch } from './batchContext.ts'
import { batchStage } from './batchStage.ts'
import type { Batch } from './channelReader.ts'

const config = stageConfig('holocene')
const tx = (nonce: number) => testTx({ chainId: 901n, nonce: BigInt(nonce) })
const DEPOSIT = Uint8Array.of(0x7e, 1)

/** The stage on a safe head 5 with L1 origin 0, the pipeline being on L1 block 1. */
async function setUp() {
  const chain = l1Chain(40)
  const l1 = (i: number) => chain[i] as L1BlockRef
  const ctx = testContext(config, l1(0))
  const l2 = new MemoryL2()
  const fed = fedStage<Batch>()
  const shared = new BatchContext(ctx, l2)
  const stage = batchStage(shared, fed)
  stage.reset(baseAt(l1(0)))
  const parent = l2Block(5n, l1(0))
  for (const number of [4n, 5n])
    l2.add({ ref: l2Block(number, l1(0)), systemConfig: testSystemConfig(), transactions: [DEPOSIT] })
  let channel = 1
  const next = (block: number, head: L2BlockRef = parent): Promise<DerivedBatch | null> => {
    // Nothing happens in the L1 blocks between.
    while (ctx.origin.number < l1(block).number) {
      ctx.origin = l1(Number(ctx.origin.number - l1(0).number) + 1)
      shared.updateWindow(head)
    }
    return nextOf(() => stage.pull(head))
  }
  expect(await next(0)).toBeNull()
  return {
    l1,
    ctx,
    l2,
    fed,
    stage,
    shared,
    parent,
    next,
    singular: (batch: SingularBatch) => void fed.items.push({ type: 'singular', batch, channel }),
    span: (batch: SpanBatch) => void fed.items.push({ type: 'span', batch, channel }),
    nextChannel: () => void channel++,
  }
}

const built = (parent: L2BlockRef, { batch }: DerivedBatch): L2BlockRef => ({
  hash: fakeHash(`built ${batch.timestamp} ${batch.transactions.length}`),
  number: parent.number + 1n,
  parentHash: parent.hash,
  timestamp: batch.timestamp,
  l1Origin: { hash: batch.epochHash, number: batch.epochNumber },
  sequenceNumber: 0n,
})

async function must<T>(promise: Promise<T | null>): Promise<T> {
  const value = await promise
  if (value === null) throw new Error('nothing derived')
  return value
}

describe('batch stage', () => {
  it('[DER-214] judges a singular batch at once, a span batch by its beginning and then block by block', async () => {
    const { singular, span, next, parent, l1, ctx } = await setUp()
    singular(batchOn(parent, l1(0), { transactions: [tx(1)] }))
    const first = await must(next(1))
    const head = built(parent, first)
    span(spanOn(config, head, [0, 1].map(l1)))
    const second = await must(next(2, head))
    await must(next(2, built(head, second)))
    expect(shown(ctx.verdicts)).toEqual([
      'DER-176 accepted',
      'DER-193 accepted',
      'DER-176 accepted',
      'DER-176 accepted',
    ])
  })

  it('[DER-356] every block of a span may become safe by itself', async () => {
    const { span, next, parent, l1 } = await setUp()
    span(spanOn(config, parent, [0, 0].map(l1)))
    expect((await must(next(1))).isLastInSpan).toBe(true)
  })

  it('[DER-200] [DER-215] [DER-216] blocks before a bad one stay; the rest of the span and of the channel goes', async () => {
    const { span, singular, next, parent, l1, fed } = await setUp()
    span(spanOn(config, parent, [0, 1, 2].map(l1)))
    singular(batchOn(parent, l1(0)))
    const first = await must(next(3))
    expect(first.batch.timestamp).toBe(1_012n)
    const second = await must(next(3, built(parent, first)))
    expect(second.batch.timestamp).toBe(1_014n)
    // Block 2 has an origin of time 1024, but is at 1016.
    expect(await next(3, built(built(parent, first), second))).toBeNull()
    expect(fed.flushes).toBe(1)
    expect(fed.items).toEqual([])
  })

  it('[DER-216] a bad singular batch takes the rest of its channel with it', async () => {
    const { singular, next, parent, l1, ctx, fed } = await setUp()
    singular(batchOn(parent, l1(0), { parentHash: fakeHash('other') }))
    singular(batchOn(parent, l1(0)))
    expect(await next(1)).toBeNull()
    expect(shown(ctx.verdicts)).toEqual(['DER-161 dropped'])
    expect(fed.flushes).toBe(1)
  })

  it('[DER-158] [DER-183] a gap is not waited for', async () => {
    const { singular, next, parent, l1, ctx, fed } = await setUp()
    singular(batchOn(parent, l1(0), { timestamp: parent.timestamp + 4n }))
    expect(await next(1)).toBeNull()
    expect([shown(ctx.verdicts), fed.flushes]).toEqual([['DER-158 dropped'], 1])
  })

  it('[DER-217] a span that is past leaves the channel alone, a dropped one does not', async () => {
    const { span, singular, next, parent, l1, ctx, fed } = await setUp()
    span(spanOn(config, l2Block(2n, l1(0)), [0, 0].map(l1)))
    singular(batchOn(parent, l1(0)))
    const first = await must(next(1))
    expect(fed.flushes).toBe(0)
    const head = built(parent, first)
    span(spanOn(config, { ...head, hash: fakeHash('other') }, [0].map(l1)))
    singular(batchOn(head, l1(0)))
    expect(await next(1, head)).toBeNull()
    expect(shown(ctx.verdicts)).toEqual(['DER-185 past', 'DER-176 accepted', 'DER-188 dropped'])
    expect(fed.flushes).toBe(1)
  })

  it('[DER-160] [DER-218] past singular batches are skipped', async () => {
    const { singular, next, parent, l1, ctx, fed } = await setUp()
    for (const timestamp of [1_006n, 1_008n, 1_010n])
      singular(batchOn(parent, l1(0), { timestamp, parentHash: fakeHash('old') }))
    singular(batchOn(parent, l1(0)))
    expect((await must(next(1))).batch.timestamp).toBe(1_012n)
    expect(fed.flushes).toBe(0)
    expect(shown(ctx.verdicts).slice(0, 3)).toEqual(['DER-160 past', 'DER-160 past', 'DER-160 past'])
  })

  it('[DER-201] [DER-218] [DER-220] a span that overlaps begins with its first new block', async () => {
    const { span, next, l1, shared } = await setUp()
    span(spanOn(config, l2Block(4n, l1(0)), [0, 0, 1].map(l1), [[], [tx(1)]]))
    const first = await must(next(2))
    expect(first.batch).toMatchObject({
      timestamp: 1_012n,
      parentHash: fakeHash('L2 5'),
      epochHash: shared.window.get(100n)?.hash,
    })
    expect(first.batch.transactions).toEqual([tx(1)])
  })

  it('[DER-201] a span that differs from the safe chain is dropped with its channel', async () => {
    const { span, singular, next, parent, l1, ctx, fed } = await setUp()
    span(spanOn(config, l2Block(4n, l1(0)), [0, 0].map(l1), [[tx(7)]]))
    singular(batchOn(parent, l1(0)))
    expect(await next(1)).toBeNull()
    expect([shown(ctx.verdicts), fed.flushes]).toEqual([['DER-201 dropped'], 1])
  })

  it('[DER-211] makes an empty batch only when the span and everything before it are drained', async () => {
    const { span, next, parent, l1 } = await setUp()
    for (let block = 1; block < 10; block++) expect(await next(block)).toBeNull()
    span(spanOn(config, parent, [0, 0].map(l1), [[tx(1)], [tx(2)]]))
    let head = parent
    const counts: number[] = []
    for (let derived = await next(10, head); derived && counts.length < 3; derived = await next(10, head)) {
      counts.push(derived.batch.transactions.length)
      head = built(head, derived)
    }
    expect(counts).toEqual([1, 1])
    // By then epoch 0 has all of its blocks; the one after it is empty, and comes one L1 block later.
    const empty = await must(next(11, { ...head, timestamp: 1_010n }))
    expect(empty.batch.transactions).toEqual([])
  })

  it('[DER-212] holds nothing but the span in progress when the L1 origin moves on', async () => {
    const { span, next, parent, l1, stage } = await setUp()
    span(spanOn(config, parent, [0, 0].map(l1)))
    const first = await must(next(1))
    stage.clear()
    expect(await next(1, built(parent, first))).toBeNull()
  })

  it('[DER-213] goes by the L1 block with the batch, not by the one the pipeline has come to', async () => {
    const { span, next, parent, l1, ctx } = await setUp()
    span(spanOn(config, parent, [0, 0].map(l1)))
    const first = await must(next(10))
    // A span included in time goes on although its window has passed meanwhile.
    expect(await next(11, built(parent, first))).not.toBeNull()
    expect(ctx.verdicts.at(-1)).toMatchObject({ inclusion: l1(10), origin: l1(11) })
  })

  // The checklist would have it kept for later; op-node and kona have pulled it by then, and derive on without it.
  it('[DER-221] [DER-191] lets go of a span whose last L1 block is still to come, and of nothing else', async () => {
    const { span, singular, next, parent, l1, ctx, fed } = await setUp()
    span(spanOn(config, parent, [...Array(6).fill(l1(0)), ...Array(6).fill(l1(1)), l1(2)]))
    singular(batchOn(parent, l1(0), { transactions: [tx(1)] }))
    expect((await must(next(1))).batch.transactions).toEqual([tx(1)])
    expect(await next(2)).toBeNull()
    expect(shown(ctx.verdicts)).toEqual(['DER-191 undecided', 'DER-176 accepted'])
    expect(fed.flushes).toBe(0)
  })

  it('[DER-221] [DER-191] takes a span whose last L1 block is the one that the pipeline stands on', async () => {
    const { span, next, parent, l1 } = await setUp()
    span(spanOn(config, parent, [...Array(6).fill(l1(0)), ...Array(6).fill(l1(1)), l1(2)]))
    expect(await next(2)).not.toBeNull()
  })

  it('[DER-217] [DER-191] a span whose last epoch is outdated leaves the channel alone', async () => {
    const { span, singular, next, l1, ctx, fed } = await setUp()
    // The safe head has come to epoch 101, the span stays with 100.
    const head = l2Block(6n, l1(1))
    span(spanOn(config, l2Block(5n, l1(0)), [0, 0].map(l1)))
    singular(batchOn(head, l1(1), { transactions: [tx(1)] }))
    expect((await must(next(2, head))).batch.transactions).toEqual([tx(1)])
    expect(shown(ctx.verdicts)).toEqual(['DER-191 past', 'DER-176 accepted'])
    expect(fed.flushes).toBe(0)
  })

  it('[DER-221] a failed read of the safe chain loses nothing', async () => {
    const { span, next, l1, l2 } = await setUp()
    span(spanOn(config, l2Block(4n, l1(0)), [0, 0].map(l1)))
    l2.failure = new Error('engine is busy')
    await expect(next(1)).rejects.toThrow('engine is busy')
    expect(await next(1)).not.toBeNull()
  })

  it('[DER-222] throws batches away while the pipeline is not past the L1 origin of the safe head', async () => {
    const { singular, next, l1, ctx } = await setUp()
    for (const block of [1, 2]) {
      const head = l2Block(9n, l1(2))
      singular(batchOn(head, l1(2)))
      expect(await next(block, head)).toBeNull()
    }
    expect(shown(ctx.verdicts)).toEqual(['DER-222 past', 'DER-222 past'])
  })

  it('[DER-223] judging with a single L1 block known is a critical error', async () => {
    const { stage, ctx, l1 } = await setUp()
    stage.reset(baseAt(l1(4)))
    ctx.origin = l1(4)
    await expect(nextOf(() => stage.pull(l2Block(9n, l1(3))))).rejects.toMatchObject({ severity: 'critical' })
  })

  it('[DER-224] a safe head whose L1 origin is neither the first one known nor just before it is a reset', async () => {
    const { next, l1 } = await setUp()
    await next(1)
    await expect(next(2, l2Block(5n, { ...l1(0), hash: fakeHash('reorged') }))).rejects.toMatchObject({
      severity: 'reset',
    })
  })

  it('[DER-225] [DER-351] a flush forgets the span and the rest of its channel', async () => {
    const { span, singular, next, parent, l1, stage, fed } = await setUp()
    span(spanOn(config, parent, [0, 0, 0].map(l1)))
    singular(batchOn(parent, l1(0)))
    const first = await must(next(1))
    stage.flush()
    expect([fed.flushes, fed.items.length]).toEqual([1, 0])
    expect(await next(1, built(parent, first))).toBeNull()
  })
})
