import {
  compressChannel,
  concatBytes,
  encodeBatcherTx,
  encodeDepositTx,
  encodeRlp,
  encodeSingularBatch,
  type Frame,
  isForkActive,
  type L1BlockRef,
  type L2BlockRef,
  type RollupConfig,
  type SingularBatch,
} from '@keelson/protocol'
import { testChannelId, testConfigUpdateLog, testSystemConfig, testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import {
  batchOn,
  fakeHash,
  L1_START,
  l1Block,
  l1Ref,
  l2Block,
  MemoryL1,
  type MemoryL1Block,
  MemoryL2,
  nextOf,
  shown,
  stageConfig,
  withForks,
} from '../testing/index.ts'
import { createDerivationPipeline } from './pipeline.ts'
import { findResetBase } from './resetBase.ts'
import type { Verdict } from './verdict.ts'

const systemConfig = testSystemConfig()
const tx = (nonce: number) => testTx({ chainId: 901n, nonce: BigInt(nonce) })

/** A batcher transaction of an L1 that is a rollup: no signature needed. */
function batcherTx(config: RollupConfig, ...frames: Frame[]): Uint8Array {
  const fields = { sourceHash: fakeHash('tx'), mint: 0n, value: 0n, gas: 0n, isSystemTx: false }
  return encodeDepositTx({
    ...fields,
    from: systemConfig.batcherAddress,
    to: config.batchInboxAddress,
    data: encodeBatcherTx(frames),
  })
}

function channelFrames(id: number, count: number, batches: readonly SingularBatch[]): Frame[] {
  const data = compressChannel(concatBytes(...batches.map((batch) => encodeRlp(encodeSingularBatch(batch)))), 'zlib')
  const size = Math.ceil(data.length / count)
  return Array.from({ length: count }, (_, number) => ({
    channelId: testChannelId(id),
    number,
    data: data.subarray(number * size, (number + 1) * size),
    isLast: number === count - 1,
  }))
}

/** L1 blocks 100, 101, …, with the transactions given for some of them. */
function chainOf(
  transactions: readonly (readonly Uint8Array[])[],
  salt = '',
  logs: Record<number, ReturnType<typeof testConfigUpdateLog>[]> = {},
): MemoryL1Block[] {
  const blocks: MemoryL1Block[] = []
  for (const [i, list] of transactions.entries()) {
    const before = blocks.at(-1)
    const fields = before ? {} : { number: 100n, timestamp: L1_START }
    const receipts = [{ status: true, logs: logs[i] ?? [] }]
    blocks.push(
      l1Block(before ? l1Ref(before) : null, { ...fields, transactions: list, receipts, salt: i > 1 ? salt : '' }),
    )
  }
  return blocks
}

function setUp(config: RollupConfig, blocks: readonly MemoryL1Block[], head?: L2BlockRef) {
  const l1 = new MemoryL1(blocks)
  const refs = blocks.map(l1Ref)
  const origin = refs[0] as L1BlockRef
  const safe = head ?? l2Block(5n, origin)
  const l2 = new MemoryL2([{ ref: safe, systemConfig, transactions: [] }], config)
  const verdicts: Verdict[] = []
  const pipeline = createDerivationPipeline({ config, l1, l2, observer: { verdict: (v) => verdicts.push(v) } })
  pipeline.resetTo({ l1Origin: origin, systemConfig, l2: safe })
  const next = (parent: L2BlockRef) => nextOf(() => pipeline.step(parent))
  /** Derives and builds all there is. */
  const all = async (parent: L2BlockRef = safe) => {
    const built: L2BlockRef[] = []
    for (let given = await next(parent); given; given = await next(parent)) {
      parent = l2.build(given)
      built.push(parent)
    }
    return built
  }
  return { l1, l2, refs, safe, pipeline, verdicts, next, all }
}

/** Hashes are known once a block is built, so batches are made one channel at a time. */
function posts(config: RollupConfig, count: number) {
  const blocks = chainOf([[], [], [], [], []])
  const [origin] = blocks.map(l1Ref)
  const batches = Array.from({ length: count }, (_, i) =>
    batchOn(l2Block(5n, origin as L1BlockRef), origin as L1BlockRef, {
      timestamp: L1_START + 12n + 2n * BigInt(i),
      transactions: [tx(i)],
    }),
  )
  return {
    batches,
    frames: (id: number, parts: number, list: readonly SingularBatch[] = batches) => channelFrames(id, parts, list),
    config,
  }
}

describe('pipeline', () => {
  it('must be reset before the first step', async () => {
    const config = stageConfig('granite')
    const pipeline = createDerivationPipeline({ config, l1: new MemoryL1(), l2: new MemoryL2() })
    expect(pipeline.origin).toBeNull()
    await expect(pipeline.step(l2Block(5n, l1Ref(l1Block(null))))).rejects.toMatchObject({
      severity: 'reset',
      fault: { code: 'notReset' },
    })
  })

  it('must be reset again when a reset failed', async () => {
    const config = stageConfig('granite')
    const { pipeline, safe, l1 } = setUp(config, chainOf([[], []]))
    l1.failures.push({ method: 'info', error: new Error('busy') })
    await expect(pipeline.reset({ ...safe, number: 0n })).rejects.toThrow('busy')
    expect(pipeline.origin).toBeNull()
    await expect(pipeline.step(safe)).rejects.toMatchObject({ fault: { code: 'notReset' } })
  })

  it('[DER-025] does all that can be done with the data of one L1 block before it asks for another', async () => {
    const config = stageConfig('granite')
    const { frames } = posts(config, 1)
    const { next, l1, safe, pipeline } = setUp(config, chainOf([[], [batcherTx(config, ...frames(1, 1))], [], []]))
    const given = await next(safe)
    expect(given?.attributes.transactions).toHaveLength(2)
    expect([l1.calls.ref, pipeline.origin?.number]).toEqual([1, 101n])
  })

  it('[DER-001] [DER-245] numbers and times of blocks count from the configured L2 genesis', async () => {
    const blocks = chainOf(Array.from({ length: 12 }, () => []))
    const first = l1Ref(blocks[0] as MemoryL1Block)
    const l2 = { hash: fakeHash('L2 genesis'), number: 7n }
    const genesis = { l1: first, l2, l2Time: L1_START + 4n, systemConfig }
    const config = stageConfig('granite', { seqWindowSize: 3n, genesis })
    const head = l2Block(7n, first, { ...l2, timestamp: genesis.l2Time, sequenceNumber: 0n })
    const built = await setUp(config, blocks, head).all()
    expect(built.length).toBeGreaterThan(20)
    expect(built[0]).toMatchObject({ number: 8n, parentHash: l2.hash, timestamp: L1_START + 6n })
    for (const { number, timestamp } of built)
      expect(number).toBe(l2.number + (timestamp - genesis.l2Time) / config.blockTime)
  })

  it('[DER-364] names the L1 block on which it stood, not the L1 origin', async () => {
    const config = stageConfig('granite')
    const { frames } = posts(config, 1)
    const blocks = chainOf([[], [], [batcherTx(config, ...frames(1, 1))], []])
    const { next, safe } = setUp(config, blocks)
    expect((await next(safe))?.derivedFrom).toEqual(l1Ref(blocks[2] as MemoryL1Block))
  })

  it('[DER-010] [DER-229] blocks are one block time apart', async () => {
    const config = stageConfig('granite', { seqWindowSize: 2n })
    const { all, safe } = setUp(config, chainOf(Array.from({ length: 8 }, () => [])))
    const built = await all()
    expect(built.length).toBeGreaterThan(5)
    for (const [i, block] of built.entries()) expect(block.timestamp).toBe(safe.timestamp + 2n * BigInt(i + 1))
  })

  it('[DER-028] reads with the batcher of the L1 block, builds with that of the epoch', async () => {
    const config = stageConfig('granite')
    const { frames } = posts(config, 1)
    const other = `0x${'77'.repeat(20)}` as const
    const own = batcherTx(config, ...frames(1, 1))
    const blocks = chainOf([[], [own], [own], []], '', { 1: [testConfigUpdateLog(config, 0, BigInt(other))] })
    const { next, safe, verdicts } = setUp(config, blocks)
    expect(await next(safe)).toBeNull()
    expect(shown(verdicts, 'transaction')).toEqual(['DER-030 dropped', 'DER-030 dropped'])
    const later = chainOf([[], [own], [], []], '', { 2: [testConfigUpdateLog(config, 0, BigInt(other))] })
    const second = setUp(config, later)
    const given = await second.next(second.safe)
    // The update of L1 block 102 is not in the block of epoch 100.
    expect(given?.attributes.transactions).toHaveLength(2)
  })

  it('[DER-026] [DER-369] [DER-380] an L1 reorg is a reset; after it the new chain is derived from', async () => {
    const config = stageConfig('granite')
    const { frames } = posts(config, 1)
    const { all, l1, safe, pipeline, l2 } = setUp(config, chainOf([[], [], [], []]))
    expect(await all()).toEqual([])
    const reorged = chainOf([[], [], [batcherTx(config, ...frames(1, 1))], [], []], 'reorged')
    for (const block of reorged) l1.add(block)
    await expect(pipeline.step(safe)).rejects.toMatchObject({ severity: 'reset', fault: { code: 'l1Reorg' } })
    l2.add({ ref: l2Block(4n, l1Ref(reorged[0] as MemoryL1Block)), systemConfig, transactions: [] })
    pipeline.resetTo({ l1Origin: l1Ref(reorged[0] as MemoryL1Block), systemConfig, l2: safe })
    expect(await all()).toHaveLength(1)
  })

  it('a failed read loses nothing, wherever it happens', async () => {
    const config = stageConfig('granite')
    const { frames } = posts(config, 1)
    const blocks = chainOf([[], [batcherTx(config, ...frames(1, 1))], []])
    for (const method of ['ref', 'info', 'transactions', 'receipts'] as const) {
      const { next, l1, safe } = setUp(config, blocks)
      for (let i = 0; i < 3; i++) l1.failures.push({ method, error: new Error(method) })
      let failures = 0
      for (;;) {
        try {
          expect((await next(safe))?.attributes.transactions).toHaveLength(2)
          break
        } catch (error) {
          expect(error).toMatchObject({ message: method })
          failures++
        }
      }
      expect(failures).toBe(3)
    }
  })

  it('gives attributes only for the block it was asked about', async () => {
    const config = stageConfig('granite')
    const { frames } = posts(config, 1)
    const { pipeline, l1, safe, next } = setUp(config, chainOf([[], [batcherTx(config, ...frames(1, 1))], []]))
    l1.failures.push({ method: 'info', error: new Error('once') })
    await expect(next(safe)).rejects.toThrow('once')
    await expect(pipeline.step(l2Block(6n, l1Ref(l1.block(100n) as MemoryL1Block)))).rejects.toMatchObject({
      severity: 'reset',
      fault: { code: 'batchNotNext' },
    })
  })

  it('returns to its caller now and then while it reads through what is dropped', async () => {
    const config = stageConfig('granite')
    const { batches } = posts(config, 1)
    const old = Array.from({ length: 3_000 }, () => ({ ...(batches[0] as SingularBatch), timestamp: 1n }))
    const { pipeline, safe } = setUp(config, chainOf([[], [batcherTx(config, ...channelFrames(1, 1, old))], []]))
    let steps = 0
    while ((await pipeline.step(safe)).status === 'again') steps++
    expect(steps).toBeGreaterThan(5)
  })
})

describe('at the first Holocene L1 block', () => {
  const holoceneAt = (index: number) => withForks(stageConfig('granite'), { holocene: L1_START + 12n * BigInt(index) })

  it('[DER-086] [DER-087] a channel that is open is discarded, and must be posted again as a whole', async () => {
    const config = holoceneAt(2)
    const [first, second] = posts(config, 1).frames(1, 2) as [Frame, Frame]
    const split = [[], [batcherTx(config, first)], [batcherTx(config, second)], []]
    expect(await setUp(config, chainOf(split)).all()).toEqual([])
    expect(await setUp(stageConfig('granite'), chainOf(split)).all()).toHaveLength(1)
    const again = [[], [batcherTx(config, first)], [batcherTx(config, second), batcherTx(config, first, second)], []]
    expect(await setUp(config, chainOf(again)).all()).toHaveLength(1)
  })

  it('[DER-086] [DER-094] [DER-158] the rules of Holocene hold for what comes in that L1 block and after it', async () => {
    const config = holoceneAt(2)
    const { batches, frames } = posts(config, 1)
    const [first, second] = frames(1, 2) as [Frame, Frame]
    // In any order before Holocene; from Holocene the closing frame finds no channel open.
    const swapped = (index: number) => {
      const blocks: Uint8Array[][] = [[], [], [], []]
      blocks[index] = [batcherTx(config, second), batcherTx(config, first)]
      return chainOf(blocks)
    }
    expect(await setUp(config, swapped(1)).all()).toHaveLength(1)
    expect(await setUp(config, swapped(2)).all()).toEqual([])
    expect(await setUp(config, swapped(3)).all()).toEqual([])
    // A gap takes the rest of the channel with it.
    const gap = { ...(batches[0] as SingularBatch), timestamp: L1_START + 100n }
    const posted = [batcherTx(config, ...frames(1, 1, [gap, ...batches]))]
    expect(await setUp(config, chainOf([[], posted, [], []])).all()).toHaveLength(1)
    expect(await setUp(config, chainOf([[], [], posted, []])).all()).toEqual([])
  })

  it('[DER-086] batches that wait for their time are discarded', async () => {
    const config = holoceneAt(2)
    const { batches, frames } = posts(config, 1)
    const base = setUp(config, chainOf([[], [], [batcherTx(config, ...frames(1, 1))], []]))
    const [built] = await base.all()
    const second = batchOn(built as L2BlockRef, base.refs[0] as L1BlockRef, { transactions: [tx(9)] })
    const early = batcherTx(config, ...frames(2, 1, [second]))
    const late = batcherTx(config, ...frames(1, 1, batches))
    expect(await setUp(config, chainOf([[], [early], [late], []])).all()).toHaveLength(1)
    expect(await setUp(stageConfig('granite'), chainOf([[], [early], [late], []])).all()).toHaveLength(2)
  })

  it('[DER-087] the L1 blocks known, the safe head and the system config stay', async () => {
    const config = withForks(stageConfig('granite', { seqWindowSize: 4n }), { holocene: L1_START + 24n })
    // Empty blocks of epochs before the fork can be made after it.
    const built = await setUp(config, chainOf(Array.from({ length: 9 }, () => []))).all()
    expect(built[0]?.l1Origin.number).toBe(101n)
    expect(built.at(-1)?.l1Origin.number).toBe(104n)
  })
})

describe('a payload that turned out invalid', () => {
  it('[DER-351] [DER-352] [DER-354] from Holocene is replaced by its deposits, and the channel is flushed', async () => {
    const config = stageConfig('holocene')
    const { batches } = posts(config, 2)
    const { next, pipeline, safe, l2, verdicts } = setUp(
      config,
      chainOf([[], [batcherTx(config, ...channelFrames(1, 1, batches))], [], []]),
    )
    const given = await next(safe)
    if (!given) throw new Error('nothing derived')
    expect(isForkActive(config, 'holocene', given.derivedFrom.timestamp)).toBe(true)
    const replacement = pipeline.replaceInvalid(given.parent, given.derivedFrom)
    expect(replacement).toEqual({
      ...given,
      attributes: { ...given.attributes, transactions: given.attributes.transactions.slice(0, 1) },
    })
    // The batch after it in the channel is gone: not even judged.
    expect(await next(l2.build(replacement))).toBeNull()
    expect(shown(verdicts, 'batch')).toEqual(['DER-176 accepted'])
  })

  it('can be replaced only when it is the one given last', async () => {
    const config = stageConfig('holocene')
    const { frames } = posts(config, 1)
    const { next, pipeline, safe, refs } = setUp(config, chainOf([[], [batcherTx(config, ...frames(1, 1))], []]))
    expect(() => pipeline.replaceInvalid(safe, refs[1] as L1BlockRef)).toThrow(/not the last ones given/)
    await next(safe)
    expect(() => pipeline.replaceInvalid(safe, refs[2] as L1BlockRef)).toThrow(/not the last ones given/)
  })
})

describe('reset base', () => {
  /** An L2 chain with one block for each L1 block, and a second one for every other. */
  function chains(config: RollupConfig, length = 120) {
    const blocks = chainOf(Array.from({ length }, () => []))
    const l1 = new MemoryL1(blocks)
    const l2 = new MemoryL2()
    const refs: L2BlockRef[] = []
    for (const [i, block] of blocks.entries()) {
      for (let part = 0; part <= i % 2; part++) {
        const number = BigInt(refs.length)
        const timestamp = L1_START + 12n * BigInt(i) + 2n * BigInt(part)
        const ref = l2Block(number, l1Ref(block), { sequenceNumber: BigInt(part), timestamp })
        l2.add({ ref, systemConfig: testSystemConfig({ gasLimit: 30_000_000n + number }), transactions: [] })
        refs.push(ref)
      }
    }
    return { config, l1, l2, refs, head: refs.at(-1) as L2BlockRef }
  }

  it('[DER-377] [DER-379] is the origin of the first L2 block a channel timeout behind, with the config as of that block', async () => {
    const parts = chains(stageConfig('fjord', { channelTimeout: 5n }))
    const base = await findResetBase(parts, parts.head)
    expect(base.l1Origin.number).toBe(parts.head.l1Origin.number - 5n)
    const at = parts.refs.findLast(({ l1Origin }) => l1Origin.number === base.l1Origin.number) as L2BlockRef
    expect(base.systemConfig.gasLimit).toBe(30_000_000n + at.number)
    expect(base.l2).toEqual(parts.head)
  })

  it('[DER-378] the timeout is 50 from Granite, by the L1 origin of the block looked at', async () => {
    const granite = chains(stageConfig('granite', { channelTimeout: 5n }))
    expect((await findResetBase(granite, granite.head)).l1Origin.number).toBe(granite.head.l1Origin.number - 50n)
    // Granite begins 20 L1 blocks before the head: the first block before it is already far enough behind.
    const time = (granite.l1.block(199n) as MemoryL1Block).info.timestamp
    const mixed = chains(withForks(stageConfig('fjord', { channelTimeout: 5n }), { granite: time }))
    expect((await findResetBase(mixed, mixed.head)).l1Origin.number).toBe(198n)
  })

  it('[DER-377] stops at the L2 genesis and at the L1 genesis origin', async () => {
    const parts = chains(stageConfig('granite'))
    const head = parts.refs[20] as L2BlockRef
    expect((await findResetBase(parts, head)).l1Origin.number).toBe(100n)
    const { genesis } = parts.config
    const later = { ...parts.config, genesis: { ...genesis, l1: { ...genesis.l1, number: 105n } } }
    expect((await findResetBase({ ...parts, config: later }, head)).l1Origin.number).toBe(105n)
  })

  it('[DER-380] a reset begins there, and discards what comes before the safe head', async () => {
    const parts = chains(stageConfig('granite', { channelTimeout: 5n }))
    const pipeline = createDerivationPipeline(parts)
    await pipeline.reset(parts.head)
    expect(pipeline.origin?.number).toBe(parts.head.l1Origin.number - 50n)
    expect(await nextOf(() => pipeline.step(parts.head))).toBeNull()
    expect(pipeline.origin?.number).toBe(parts.head.l1Origin.number)
  })

  it('a missing L2 parent is a reset, a missing config is tried again', async () => {
    const parts = chains(stageConfig('granite'))
    const lost = { ...parts.head, parentHash: fakeHash('lost') }
    await expect(findResetBase(parts, lost)).rejects.toMatchObject({
      severity: 'reset',
      fault: { code: 'l2BlockMissing' },
    })
    const l2 = {
      getL2BlockRefByHash: parts.l2.getL2BlockRefByHash.bind(parts.l2),
      getSystemConfigByL2Hash: async () => null,
    }
    await expect(findResetBase({ ...parts, l2 }, parts.head)).rejects.toMatchObject({ severity: 'temporary' })
  })
})
