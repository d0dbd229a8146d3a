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
import { batchQueue } from './batchQueue.ts'
import type { Batch } from './channelReader.ts'

const config = stageConfig('granite')
const tx = testTx({ chainId: 901n })

function setUp({ slot = 12n, length = 40, parentOrigin = 0, base = 0 } = {}) {
  const l1 = l1Chain(length, { slot })
  const at = (i: number) => l1[i] as L1BlockRef
  const ctx = testContext(config, at(base))
  const l2 = new MemoryL2()
  const fed = fedStage<Batch>()
  const shared = new BatchContext(ctx, l2)
  const queue = batchQueue(shared, fed)
  queue.reset(baseAt(at(base)))
  const parent = l2Block(5n, at(parentOrigin))
  l2.add({ ref: parent, systemConfig: testSystemConfig(), transactions: [] })
  /** Goes through the L1 blocks up to `block`, in which nothing happens. */
  function moveTo(block: number, head: L2BlockRef): void {
    while (ctx.origin.number < at(block).number) {
      ctx.origin = at(Number(ctx.origin.number - at(0).number) + 1)
      shared.updateWindow(head)
    }
  }
  return {
    l1: at,
    ctx,
    l2,
    fed,
    queue,
    shared,
    parent,
    singular: (batch: SingularBatch) => void fed.items.push({ type: 'singular', batch, channel: 1 }),
    span: (batch: SpanBatch) => void fed.items.push({ type: 'span', batch, channel: 1 }),
    /** The next batch on `head` with the pipeline on L1 block `block`. */
    next: (block: number, head: L2BlockRef): Promise<DerivedBatch | null> => {
      moveTo(block, head)
      return nextOf(() => queue.pull(head))
    },
  }
}

/** The block that a batch makes. */
const built = (parent: L2BlockRef, { batch }: DerivedBatch, text = ''): L2BlockRef => ({
  hash: fakeHash(`built ${batch.timestamp} ${text}`),
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

describe('batch queue', () => {
  it('[DER-148] [DER-151] keeps batches whose time has not come, and drops those that can never be', async () => {
    const { singular, next, parent, l1, ctx } = setUp()
    const later = batchOn(parent, l1(0), { timestamp: parent.timestamp + 4n, parentHash: fakeHash('built 1012 ') })
    singular(later)
    singular(batchOn(parent, l1(0), { timestamp: parent.timestamp }))
    singular(batchOn(parent, l1(0)))
    const first = await must(next(1, parent))
    expect(first.batch.timestamp).toBe(1_012n)
    expect((await must(next(1, built(parent, first)))).batch).toEqual(later)
    expect(shown(ctx.verdicts)).toEqual(['DER-157 future', 'DER-159 dropped', 'DER-176 accepted', 'DER-176 accepted'])
  })

  it('[DER-149] takes the first acceptable batch in the order of inclusion', async () => {
    const { singular, next, parent, l1 } = setUp()
    singular(batchOn(parent, l1(0), { parentHash: fakeHash('wrong') }))
    singular(batchOn(parent, l1(0), { transactions: [tx] }))
    singular(batchOn(parent, l1(0)))
    expect((await must(next(1, parent))).batch.transactions).toEqual([tx])
  })

  it('[DER-149] keeps that order among batches that waited', async () => {
    const { singular, next, parent, l1 } = setUp()
    const at4 = (n: number) =>
      batchOn(parent, l1(0), {
        timestamp: 1_014n,
        parentHash: fakeHash('built 1012 '),
        transactions: [testTx({ chainId: 901n, nonce: BigInt(n) })],
      })
    for (const n of [3, 1, 2]) singular(at4(n))
    singular(batchOn(parent, l1(0)))
    const first = await must(next(1, parent))
    expect((await must(next(1, built(parent, first)))).batch).toEqual(at4(3))
  })

  it('[DER-149] [DER-155] keeps the order of inclusion also among batches whose time comes together', async () => {
    const { span, next, parent, l1, l2 } = setUp()
    const at1012 = l2Block(6n, l1(0), { hash: fakeHash('built 1012 '), parentHash: parent.hash })
    const at1014 = l2Block(7n, l1(0), { hash: fakeHash('built 1014 '), parentHash: at1012.hash })
    for (const ref of [at1012, at1014]) l2.add({ ref, systemConfig: testSystemConfig(), transactions: [] })
    const other = testTx({ chainId: 901n, nonce: 1n })
    // The later one came first; both are due only when the span that came last is used up.
    span(spanOn(config, at1014, [l1(0)], [[tx]]))
    span(spanOn(config, at1012, [l1(0), l1(0)], [[], [other]]))
    span(spanOn(config, parent, [l1(0), l1(0)]))
    await must(next(1, parent))
    await must(next(1, at1012))
    expect((await must(next(1, at1014))).batch.transactions).toEqual([tx])
  })

  it('[DER-151] keeps a batch that was due when its time is to come again', async () => {
    const { singular, next, parent, l1 } = setUp()
    const at1012 = l2Block(6n, l1(0))
    const second = batchOn(at1012, l1(1), { transactions: [tx] })
    singular(batchOn(parent, l1(0)))
    singular(second)
    await must(next(0, parent))
    // Undecided: the L1 block of its epoch is not known yet.
    expect(await next(0, at1012)).toBeNull()
    expect(await next(0, parent)).toBeNull()
    expect((await must(next(1, at1012))).batch).toEqual(second)
  })

  it('[DER-151] an undecided batch holds up those after it until more of L1 is known', async () => {
    const { singular, next, parent, l1 } = setUp()
    singular(batchOn(parent, l1(1), { transactions: [tx] }))
    singular(batchOn(parent, l1(0)))
    expect(await next(0, parent)).toBeNull()
    expect((await must(next(1, parent))).batch.transactions).toEqual([tx])
  })

  it('[DER-150] goes by the L1 block at which the batch came out of its channel', async () => {
    const { singular, next, parent, l1, ctx } = setUp({ length: 60 })
    for (let block = 1; block <= 9; block++) expect(await next(block, parent)).toBeNull()
    singular(batchOn(parent, l1(0), { parentHash: fakeHash('wrong') }))
    singular(batchOn(parent, l1(0), { timestamp: 1_014n, parentHash: fakeHash('built 1012 ') }))
    singular(batchOn(parent, l1(0), { transactions: [tx] }))
    const first = await must(next(10, parent))
    expect(first.batch.transactions).toEqual([tx])
    // Its time comes one L1 block later, but it was included in time.
    expect((await must(next(11, built(parent, first)))).batch.timestamp).toBe(1_014n)
    expect(ctx.verdicts.at(-1)).toMatchObject({ subject: 'batch', inclusion: l1(10), origin: l1(11) })
  })

  it('[DER-152] knows the L1 blocks from the origin of the safe head on', async () => {
    const { next, parent, shared, l1 } = setUp()
    await next(1, parent)
    await next(2, parent)
    expect([shared.window.first, shared.window.last]).toEqual([l1(0), l1(2)])
    await next(2, l2Block(9n, l1(2)))
    expect([shared.window.first, shared.window.length]).toEqual([l1(2), 1])
  })

  it('[DER-153] discards batches while behind the safe head, and remembers L1 blocks from its origin on', async () => {
    const { singular, next, l1, ctx, shared } = setUp()
    const head = l2Block(20n, l1(3))
    singular(batchOn(head, l1(3)))
    expect(await next(2, head)).toBeNull()
    expect(shown(ctx.verdicts)).toEqual(['DER-153 past'])
    await next(3, head)
    expect(shared.window.first).toEqual(l1(3))
    singular(batchOn(head, l1(3)))
    expect(await next(4, head)).not.toBeNull()
  })

  it('[DER-154] a reset empties the queue, and its base is the first L1 block known', async () => {
    const { singular, next, queue, parent, l1, shared, ctx } = setUp()
    singular(batchOn(parent, l1(0), { timestamp: 1_014n, parentHash: fakeHash('built 1012 ') }))
    await next(1, parent)
    ctx.origin = l1(2)
    queue.reset(baseAt(l1(2)))
    expect([shared.window.first, shared.window.length]).toEqual([l1(2), 1])
    const head = l2Block(6n, l1(2), { hash: fakeHash('built 1012 ') })
    expect(await next(3, head)).toBeNull()
  })

  it('[DER-155] singular and span batches share one order; a span is queued under its first time', async () => {
    const { singular, span, next, parent, l1 } = setUp()
    span(spanOn(config, l2Block(6n, l1(0), { hash: fakeHash('built 1012 ') }), [l1(0)], [[tx]]))
    singular(batchOn(parent, l1(0), { timestamp: 1_014n, parentHash: fakeHash('built 1012 ') }))
    singular(batchOn(parent, l1(0)))
    const first = await must(next(1, parent))
    expect(first.batch.timestamp).toBe(1_012n)
    expect((await must(next(1, built(parent, first)))).batch.transactions).toEqual([tx])
  })

  it('[DER-156] [DER-355] gives the new blocks of a span one by one, on the blocks that were really built', async () => {
    const { span, next, parent, l1, l2 } = setUp()
    const before = l2Block(4n, l1(0))
    l2.add({ ref: before, systemConfig: testSystemConfig(), transactions: [] })
    span(spanOn(config, before, [0, 0, 0, 1].map(l1), [[], [tx], [], []]))
    let head = parent
    const seen: unknown[] = []
    for (let i = 0; i < 3; i++) {
      const derived = await must(next(2, head))
      expect(derived.batch.parentHash).toBe(head.hash)
      seen.push([
        derived.batch.timestamp,
        derived.batch.epochNumber,
        derived.batch.transactions.length,
        derived.isLastInSpan,
      ])
      head = built(head, derived, 'really')
    }
    expect(seen).toEqual([
      [1_012n, 100n, 1, false],
      [1_014n, 100n, 0, false],
      [1_016n, 101n, 0, true],
    ])
  })

  it('[DER-350] goes on with another batch when a block of the span was not built', async () => {
    const { span, singular, next, parent, l1 } = setUp()
    span(spanOn(config, parent, [0, 0, 0].map(l1), [[tx]]))
    singular(batchOn(parent, l1(0)))
    const first = await must(next(1, parent))
    expect(first.batch.transactions).toHaveLength(1)
    await must(next(1, built(parent, first)))
    // The engine refused the second block: the safe head is where it was before the span.
    const other = await must(next(1, parent))
    expect(other).toMatchObject({ isLastInSpan: true, batch: { timestamp: 1_012n, transactions: [] } })
  })

  it('[DER-224] a safe head whose origin is not the first L1 block known is a reset', async () => {
    const { next, l1 } = setUp()
    await expect(next(1, l2Block(5n, { ...l1(0), hash: fakeHash('reorged') }))).rejects.toMatchObject({
      severity: 'reset',
      fault: { code: 'originMismatch' },
    })
  })

  it('keeps a batch that could not be judged because a read failed', async () => {
    const { span, next, parent, l1, l2 } = setUp()
    const before = l2Block(4n, l1(0))
    l2.add({ ref: before, systemConfig: testSystemConfig(), transactions: [] })
    span(spanOn(config, before, [0, 0].map(l1)))
    l2.failure = new Error('engine is busy')
    await expect(next(1, parent)).rejects.toThrow('engine is busy')
    expect(await next(1, parent)).not.toBeNull()
  })

  it('costs no more than reading when a channel is full of batches of the future', async () => {
    const { singular, next, parent, l1 } = setUp({ length: 30 })
    const count = 20_000
    for (let i = count; i > 0; i--) singular(batchOn(parent, l1(0), { timestamp: parent.timestamp + 4n * BigInt(i) }))
    const started = performance.now()
    expect(await next(1, parent)).toBeNull()
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

describe('empty batches', () => {
  it('[DER-202] [DER-203] [DER-204] [DER-205] come when the window has passed and all of its last L1 block was read', async () => {
    const { next, singular, parent, l1, ctx, queue } = setUp()
    for (let block = 1; block < 10; block++) expect(await next(block, parent)).toBeNull()
    // In the last block of the window a batch still counts, so that none is made before all was read.
    singular(batchOn(parent, l1(0), { parentHash: fakeHash('wrong') }))
    ctx.origin = l1(10)
    expect((await queue.pull(parent)).status).toBe('again')
    const empty = await must(next(10, l2Block(4n, l1(0))))
    expect(empty).toEqual({
      isLastInSpan: true,
      batch: {
        parentHash: fakeHash('L2 4'),
        epochNumber: 100n,
        epochHash: l1(0).hash,
        timestamp: 1_010n,
        transactions: [],
      },
    })
    expect(shown(ctx.verdicts).at(-1)).toBe('DER-205 accepted')
  })

  it('[DER-202] do not come before the window has passed, nor before an acceptable batch', async () => {
    const { next, singular, parent, l1 } = setUp()
    expect(await next(9, parent)).toBeNull()
    singular(batchOn(parent, l1(0), { transactions: [tx] }))
    expect((await must(next(10, parent))).batch.transactions).toEqual([tx])
  })

  it('[DER-001] [DER-003] [DER-204] [DER-206] [DER-207] [DER-208] [DER-209] [DER-210] fill every epoch without gaps, as fast as the time of L1 allows', async () => {
    const { next, l1 } = setUp({ slot: 5n, length: 60 })
    const times = new Map<bigint, bigint[]>()
    let head = l2Block(1n, l1(0))
    for (let block = 1; block < 40; block++) {
      for (let derived = await next(block, head); derived; derived = await next(block, head)) {
        expect(derived.batch.parentHash).toBe(head.hash)
        expect(derived.batch.timestamp).toBe(head.timestamp + 2n)
        expect(
          derived.batch.epochNumber === head.l1Origin.number || derived.batch.epochNumber === head.l1Origin.number + 1n,
        ).toBe(true)
        times.set(derived.batch.epochNumber, [...(times.get(derived.batch.epochNumber) ?? []), derived.batch.timestamp])
        head = built(head, derived)
      }
    }
    // 5 s from one L1 block to the next: two or three L2 blocks each, all of them before the next L1 block's time.
    expect([...times.keys()]).toEqual(Array.from({ length: 30 }, (_, i) => 100n + BigInt(i)))
    for (const [epoch, list] of times) {
      const l1Time = l1(Number(epoch - 100n)).timestamp
      expect(list.length).toBeGreaterThan(0)
      for (const time of list) expect(time >= l1Time && time < l1Time + 5n).toBe(true)
    }
  })

  it('[DER-205] [DER-206] tell by which rule their epoch was chosen', async () => {
    const { next, l1, ctx } = setUp({ slot: 3n, length: 30 })
    let head = l2Block(1n, l1(0))
    let count = 0
    for (let block = 1; block < 20; block++) {
      for (let derived = await next(block, head); derived; derived = await next(block, head)) {
        const isFirst = derived.batch.epochNumber !== head.l1Origin.number
        expect(ctx.verdicts.at(-1)).toMatchObject({
          batchType: 'empty',
          rule: isFirst ? 'DER-206' : 'DER-205',
          blockCount: 1,
          txCount: 0,
        })
        head = built(head, derived)
        count++
      }
    }
    expect(count).toBeGreaterThan(10)
  })

  it('[DER-209] leave an epoch in one L1 block and begin the next one in the L1 block after it', async () => {
    const { next, l1 } = setUp()
    // The next block's time is that of L1 block 1 at least; the windows of both epochs have passed at L1 block 20.
    const head = l2Block(9n, l1(0), { timestamp: l1(1).timestamp })
    expect(await next(20, head)).toBeNull()
    expect((await must(next(21, head))).batch).toMatchObject({ epochNumber: 101n, timestamp: head.timestamp + 2n })
  })

  it('[DER-206] [DER-003] give an epoch its block also when L2 is ahead of the next L1 block', async () => {
    // L1 blocks 1 s apart, L2 blocks 2 s: every epoch still gets one block.
    const { next, l1 } = setUp({ slot: 1n, length: 60 })
    const epochs: bigint[] = []
    let head = l2Block(10n, l1(0))
    for (let block = 1; block < 30; block++) {
      for (let derived = await next(block, head); derived; derived = await next(block, head)) {
        epochs.push(derived.batch.epochNumber)
        head = built(head, derived)
      }
    }
    expect(epochs).toEqual(Array.from({ length: epochs.length }, (_, i) => 101n + BigInt(i)))
    expect(epochs.length).toBeGreaterThan(15)
  })
})
