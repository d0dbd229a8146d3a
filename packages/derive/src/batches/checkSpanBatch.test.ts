import {
  decodeSpanBatch,
  deriveSpanBatch,
  encodeSpanBatch,
  type L1BlockRef,
  type L2BlockRef,
  type SpanBatch,
} from '@keelson/protocol'
import { testSystemConfig, testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import {
  batchOn,
  fakeHash,
  L1_START,
  l1Chain,
  l2Block,
  MemoryL2,
  spanOn,
  stageConfig,
  withForks,
} from '../../testing/index.ts'
import { L1Window } from '../l1Window.ts'
import { checkSpanBatch, checkSpanBatchHolocene, firstNewBlock, type SpanSituation } from './checkSpanBatch.ts'

const tx = (nonce: number) => testTx({ chainId: 901n, nonce: BigInt(nonce) })
const chain = l1Chain(40)
const l1 = (index: number) => chain[index] as L1BlockRef

/**
 * The safe chain: blocks 5 to 8 at origin 0 (times 1010 to 1016), then 9 with origin 1. The safe head is block 8 unless
 * said otherwise. Block 7 has two transactions.
 */
function safeChain(): { l2: MemoryL2; blocks: L2BlockRef[] } {
  const l2 = new MemoryL2()
  const blocks: L2BlockRef[] = []
  for (let number = 5n; number <= 9n; number++) {
    const ref = l2Block(number, number < 9n ? l1(0) : l1(1))
    const transactions = [Uint8Array.of(0x7e, 1), ...(number === 7n ? [tx(1), tx(2)] : [])]
    l2.add({ ref, systemConfig: testSystemConfig(), transactions })
    blocks.push(ref)
  }
  return { l2, blocks }
}
const block = (number: number) => safeChain().blocks[number - 5] as L2BlockRef

type Situation = {
  readonly fork?: Parameters<typeof stageConfig>[0]
  readonly config?: ReturnType<typeof stageConfig>
  readonly known?: readonly [number, number]
  readonly inclusion?: number
  readonly safeHead?: number | L2BlockRef
  readonly l2?: SpanSituation['l2']
}

/** Judges a span before Holocene (`granite`), or from Holocene where the config says so. */
async function judge(span: SpanBatch, situation: Situation = {}): Promise<string> {
  const { fork = 'granite', config = stageConfig(fork), known = [0, 6], inclusion = 3, safeHead = 8 } = situation
  const window = new L1Window()
  for (const ref of chain.slice(...known)) window.push(ref)
  const l2 = situation.l2 ?? safeChain().l2
  const check = config.forks.holocene === undefined ? checkSpanBatch : checkSpanBatchHolocene
  const { outcome, rule } = await check(span, {
    config,
    window,
    safeHead: typeof safeHead === 'number' ? block(safeHead) : safeHead,
    inclusion: l1(inclusion),
    l2,
  })
  return `${rule} ${outcome}`
}

const granite = stageConfig('granite')
/** A span on safe block `parent` whose blocks have these origins. */
const span = (parent: number, origins: readonly number[], transactions: readonly (readonly Uint8Array[])[] = []) =>
  spanOn(granite, block(parent), origins.map(l1), transactions)
/** A span with fields of its encoding changed. */
function changed(
  first: Partial<ReturnType<typeof batchOn>>,
  last: Partial<ReturnType<typeof batchOn>> = {},
): SpanBatch {
  const parent = block(8)
  const blocks = [batchOn(parent, l1(0), first), batchOn(parent, l1(1), { timestamp: parent.timestamp + 4n, ...last })]
  const derived = deriveSpanBatch(decodeSpanBatch(encodeSpanBatch(blocks, granite, 1n)), granite)
  if (derived instanceof Error) throw derived
  return derived
}

describe('prefix of a span batch', () => {
  it('[DER-179] [DER-193] on the safe head is accepted', async () => {
    expect(await judge(span(8, [0, 1, 1]))).toBe('DER-193 accepted')
    expect(await judge(span(8, [0, 1, 1]), { fork: 'holocene' })).toBe('DER-193 accepted')
  })

  it('[DER-180] that begins with the next epoch needs that L1 block', async () => {
    expect(await judge(span(8, [1]))).toBe('DER-193 accepted')
    expect(await judge(span(8, [1]), { known: [0, 1], inclusion: 0 })).toBe('DER-180 undecided')
  })

  it('[DER-181] counts from Delta on, by the time of the first L1 origin', async () => {
    const delta = withForks(stageConfig('canyon'), { delta: l1(1).timestamp })
    expect(await judge(span(8, [0, 1]), { config: delta })).toBe('DER-181 dropped')
    expect(await judge(span(8, [1]), { config: delta })).toBe('DER-193 accepted')
  })

  it('[DER-180] [DER-181] counts L1 origins from the first one known, which may be after that of the safe head', async () => {
    const delta = withForks(stageConfig('canyon'), { delta: l1(1).timestamp })
    const later = spanOn(granite, l2Block(9n, l1(1), { timestamp: 1_022n }), [l1(2)])
    expect(await judge(later, { config: delta, known: [0, 6] })).toBe('DER-181 dropped')
    expect(await judge(later, { config: delta, known: [1, 6] })).toBe('DER-182 future')
  })

  it('[DER-182] before Holocene waits when it begins later', async () => {
    expect(await judge(span(9, [1]))).toBe('DER-182 future')
  })

  it('[DER-183] from Holocene is dropped when it begins later', async () => {
    expect(await judge(span(9, [1]), { fork: 'holocene' })).toBe('DER-183 dropped')
  })

  it('[DER-184] before Holocene is dropped when it has no new block', async () => {
    expect(await judge(span(5, [0, 0, 0]))).toBe('DER-184 dropped')
  })

  it('[DER-185] from Holocene is past when it has no new block', async () => {
    expect(await judge(span(5, [0, 0, 0]), { fork: 'holocene' })).toBe('DER-185 past')
  })

  it('[DER-186] must follow a block of the safe chain exactly', async () => {
    expect(await judge(changed({ timestamp: 1_017n }, { timestamp: 1_019n }))).toBe('DER-186 dropped')
    expect(await judge(changed({ timestamp: 1_015n }, { timestamp: 1_017n }))).toBe('DER-184 dropped')
    const odd = spanOn(granite, l2Block(6n, l1(0), { timestamp: 1_011n }), [0, 0, 0, 0].map(l1))
    expect(await judge(odd)).toBe('DER-186 dropped')
  })

  it('[DER-186] is kept for later when the safe chain cannot be read', async () => {
    const { l2 } = safeChain()
    l2.failure = new Error('engine is busy')
    await expect(judge(span(6, [0, 0, 0]), { l2 })).rejects.toThrow('engine is busy')
    await expect(judge(span(6, [0, 0, 0]), { l2: new MemoryL2() })).rejects.toMatchObject({ severity: 'temporary' })
  })

  it('[DER-187] can never begin at genesis, which has no parent', async () => {
    const first = l2Block(0n, l1(0), { timestamp: L1_START - 2n })
    const blocks = Array.from({ length: 12 }, (_, i) => batchOn(first, l1(0), { timestamp: L1_START + 2n * BigInt(i) }))
    const early = deriveSpanBatch(decodeSpanBatch(encodeSpanBatch(blocks, granite, 1n)), granite)
    if (early instanceof Error) throw early
    expect(await judge(early)).toBe('DER-187 dropped')
    expect(await judge(early, { fork: 'holocene' })).toBe('DER-187 past')
  })

  it('[DER-187] may begin with the block after genesis', async () => {
    const { l2 } = safeChain()
    for (let number = 0n; number < 5n; number++)
      l2.add({ ref: l2Block(number, l1(0)), systemConfig: testSystemConfig(), transactions: [] })
    const whole = spanOn(granite, l2Block(0n, l1(0)), [0, 0, 0, 0, 0, 0].map(l1))
    expect(await judge(whole, { safeHead: 5, l2 })).toBe('DER-193 accepted')
  })

  it('[DER-188] is dropped on another parent', async () => {
    expect(await judge(changed({ parentHash: fakeHash('other') }))).toBe('DER-188 dropped')
  })

  it('[DER-189] is timely as a whole up to the L1 block start epoch + window', async () => {
    expect(await judge(span(8, [0, 1]), { inclusion: 10, known: [0, 11] })).toBe('DER-193 accepted')
    expect(await judge(span(8, [0, 1]), { inclusion: 11, known: [0, 12] })).toBe('DER-189 dropped')
  })

  it('[DER-190] is dropped when it begins after the next epoch', async () => {
    expect(await judge(span(8, [2]))).toBe('DER-190 dropped')
  })

  it('[DER-191] is dropped with another hash of its last L1 origin, and waits for an L1 block that is not known', async () => {
    expect(await judge(changed({}, { epochHash: fakeHash('other') }))).toBe('DER-191 dropped')
    expect(await judge(span(8, [0, 1, 2]), { known: [0, 2], inclusion: 1 })).toBe('DER-191 undecided')
  })

  it('[DER-191] is dropped when its last L1 origin is before the known ones: it can never be judged otherwise', async () => {
    const old = spanOn(granite, block(6), [0, 0, 0, 0].map(l1))
    expect(await judge(old, { safeHead: 9, known: [1, 6] })).toBe('DER-191 dropped')
  })

  it('[DER-191] is skipped alone from Holocene when its last L1 origin is before the known ones', async () => {
    const old = spanOn(granite, block(6), [0, 0, 0, 0].map(l1))
    expect(await judge(old, { fork: 'holocene', safeHead: 9, known: [1, 6] })).toBe('DER-191 past')
  })

  it('[DER-192] is dropped when it begins before the epoch of its parent', async () => {
    const { blocks } = safeChain()
    const parent = blocks[4] as L2BlockRef
    const early = spanOn(granite, parent, [0, 1].map(l1))
    expect(await judge(early, { safeHead: 9, known: [0, 6] })).toBe('DER-192 dropped')
  })

  it('[DER-130] takes the first epoch as it is counted back, whatever bit 0 says', async () => {
    const parent = block(8)
    const wrongBit = deriveSpanBatch(decodeSpanBatch(encodeSpanBatch([batchOn(parent, l1(0))], granite, 0n)), granite)
    if (wrongBit instanceof Error) throw wrongBit
    expect(await judge(wrongBit)).toBe('DER-193 accepted')
  })
})

describe('new blocks of a span batch before Holocene', () => {
  it('[DER-194] [DER-200] are dropped as a whole when one has an epoch before the safe head', async () => {
    const late = span(7, [0, 0, 1])
    expect(await judge(late, { safeHead: 9, known: [0, 6] })).toBe('DER-199 dropped')
    const old = spanOn(granite, block(8), [0, 0, 1].map(l1))
    expect(await judge(old, { safeHead: 9, known: [0, 6] })).toBe('DER-194 dropped')
  })

  it('[DER-195] are dropped when one is older than its L1 origin', async () => {
    expect(await judge(span(8, [1, 2]))).toBe('DER-195 dropped')
  })

  it('[DER-004] [DER-195] may be exactly as old as their L1 origin', async () => {
    expect(await judge(span(8, [1, 1, 1, 2]))).toBe('DER-193 accepted')
    expect(await judge(span(8, [1, 1, 2]))).toBe('DER-195 dropped')
  })

  it('[DER-196] are dropped with transactions beyond the drift of their own L1 origin', async () => {
    const config = stageConfig('ecotone', { maxSequencerDrift: 18n })
    expect(await judge(span(8, [0], [[tx(1)]]), { config })).toBe('DER-193 accepted')
    expect(await judge(span(8, [0, 0], [[], [tx(1)]]), { config })).toBe('DER-196 dropped')
    expect(await judge(span(8, [0, 1], [[], [tx(1)]]), { config })).toBe('DER-193 accepted')
  })

  it('[DER-197] without transactions beyond the drift must move to the next L1 block as soon as its time allows', async () => {
    const config = stageConfig('ecotone', { maxSequencerDrift: 18n })
    expect(await judge(span(8, [0, 0]), { config })).toBe('DER-197 dropped')
    expect(await judge(span(8, [0, 0]), { config, known: [0, 1], inclusion: 0 })).toBe('DER-197 undecided')
    const slow = stageConfig('ecotone', { maxSequencerDrift: 0n })
    expect(await judge(span(8, [1]), { config: slow })).toBe('DER-193 accepted')
  })

  it('[DER-197] move to another L1 block only where they differ from the block before them in the span', async () => {
    const config = stageConfig('ecotone', { maxSequencerDrift: 0n })
    const safeHead = l2Block(11n, l1(0))
    // At 1024 the first block moves on; the second stays, although the next L1 block is of 1024.
    const stays = spanOn(granite, safeHead, [1, 1].map(l1))
    expect(await judge(stays, { config, safeHead })).toBe('DER-197 dropped')
    const moves = spanOn(granite, safeHead, [1, 2].map(l1))
    expect(await judge(moves, { config, safeHead })).toBe('DER-193 accepted')
  })

  it('[DER-200] are dropped with the good blocks before them', async () => {
    expect(await judge(span(8, [0, 1]))).toBe('DER-193 accepted')
    expect(await judge(span(8, [0, 1, 2]))).toBe('DER-195 dropped')
  })

  it('[DER-198] are dropped with set-code transactions before Isthmus, block by block', async () => {
    const setCode = testTx({ chainId: 901n, type: 4, authorizations: [[1n, `0x${'11'.repeat(20)}`, 1n, 0n, 3n, 4n]] })
    const span4 = spanOn(granite, block(8), [0, 0].map(l1), [[], [setCode]])
    expect(await judge(span4)).toBe('DER-198 dropped')
    expect(await judge(span4, { config: withForks(granite, { isthmus: 1_020n }) })).toBe('DER-193 accepted')
    const first = spanOn(granite, block(8), [0, 0].map(l1), [[setCode], []])
    expect(await judge(first, { config: withForks(granite, { isthmus: 1_020n }) })).toBe('DER-198 dropped')
  })

  it('[DER-169] are dropped with transactions in the activation block of Jovian', async () => {
    const config = withForks(granite, { isthmus: 0n, jovian: 1_020n })
    expect(await judge(span(8, [0, 0], [[tx(1)], [tx(2)]]), { config })).toBe('DER-169 dropped')
    expect(await judge(span(8, [0, 0], [[tx(1)], []]), { config })).toBe('DER-193 accepted')
  })
})

describe('blocks of a span batch that are safe already', () => {
  const cases = [
    ['equal ones do no harm', span(6, [0, 0, 1], [[tx(1), tx(2)], []]), true],
    ['several equal ones do no harm', span(5, [0, 0, 0, 1], [[], [tx(1), tx(2)], [], []]), true],
    ['a difference in the second one drops it', span(5, [0, 0, 0, 1], [[], [tx(1), tx(3)], [], []]), false],
    ['another first transaction drops it', span(6, [0, 0, 1], [[tx(3), tx(2)], []]), false],
    ['more transactions drop it', span(6, [0, 0, 1], [[tx(1), tx(2), tx(3)], []]), false],
    ['fewer transactions drop it', span(6, [0, 0, 1], [[tx(1)], []]), false],
    ['other transactions drop it', span(6, [0, 0, 1], [[tx(1), tx(3)], []]), false],
    ['another epoch drops it', span(5, [0, 1, 1, 1], [[], [tx(1), tx(2)]]), false],
  ] as const
  it.each(cases)('[DER-199] before Holocene: %s', async (_, batch, isEqual) => {
    expect(await judge(batch)).toBe(isEqual ? 'DER-193 accepted' : 'DER-199 dropped')
  })
  it.each(cases)('[DER-201] from Holocene: %s', async (_, batch, isEqual) => {
    for (const fork of ['holocene', 'karst'] as const) {
      expect(await judge(batch, { fork })).toBe(isEqual ? 'DER-193 accepted' : 'DER-201 dropped')
    }
  })
  it('[DER-199] are kept for later when the safe chain cannot be read', async () => {
    const l2 = new MemoryL2([{ ref: block(6), systemConfig: testSystemConfig(), transactions: [] }])
    await expect(judge(span(6, [0, 0, 1]), { l2 })).rejects.toMatchObject({ severity: 'temporary' })
    // Either half of a block may be what is missing.
    const whole = safeChain().l2
    const getL2BlockRefByNumber = (number: bigint) => whole.getL2BlockRefByNumber(number)
    const bodiless = { getL2BlockRefByNumber, getL2Transactions: async () => null }
    await expect(judge(span(6, [0, 0, 1]), { l2: bodiless })).rejects.toMatchObject({ severity: 'temporary' })
  })
})

describe('a span batch from Holocene', () => {
  it('[DER-193] [DER-214] [DER-215] is not judged by what is in its new blocks', async () => {
    const setCode = testTx({ chainId: 901n, type: 4, authorizations: [[1n, `0x${'11'.repeat(20)}`, 1n, 0n, 3n, 4n]] })
    expect(await judge(spanOn(granite, block(8), [0, 1, 2].map(l1), [[], [setCode]]), { fork: 'holocene' })).toBe(
      'DER-193 accepted',
    )
  })

  it('[DER-219] is dropped when its first new block has an epoch before the known ones, without a critical error', async () => {
    const old = spanOn(granite, block(8), [0, 0, 1].map(l1))
    expect(await judge(old, { fork: 'holocene', safeHead: 9, known: [1, 6] })).toBe('DER-201 dropped')
    const fresh = spanOn(granite, block(8), [1, 1, 1].map(l1))
    expect(await judge(fresh, { fork: 'holocene', safeHead: 9, known: [1, 6] })).toBe('DER-193 accepted')
    // An overlap that is equal, then a block that stays with an epoch which the known L1 blocks have left behind.
    const outdated = spanOn(granite, block(7), [0, 0, 1, 2].map(l1))
    expect(await judge(outdated, { fork: 'holocene', safeHead: 8, known: [1, 6] })).toBe('DER-219 dropped')
  })

  it('[DER-220] begins with the block after the safe head', () => {
    expect(firstNewBlock(span(6, [0, 0, 1]), block(8), 2n)).toBe(2)
    expect(firstNewBlock(span(8, [0, 0, 1]), block(8), 2n)).toBe(0)
    expect(firstNewBlock(span(5, [0, 0]), block(8), 2n)).toBe(2)
  })
})
