import type { ExecutionPayloadEnvelope, L1BlockInfo, L2BlockRef } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { engineHarness, fakeAttributes, fakeL1Block, hashOf } from '../testing/index.ts'
import { findSyncStart } from './syncStart.ts'

/** L2 blocks of two per epoch over a given L1 branch, and an L1 that shows `l1Head` blocks of another. */
function scene(options: {
  l2Blocks: number
  l1Head: bigint
  built?: (number: bigint) => L1BlockInfo
  shown?: (number: bigint) => L1BlockInfo
  seqWindowSize?: bigint
}) {
  const { built = (n) => fakeL1Block(n), shown = (n) => fakeL1Block(n) } = options
  const h = engineHarness({ config: { seqWindowSize: options.seqWindowSize ?? 4n } })
  const blocks: ExecutionPayloadEnvelope[] = [h.genesis]
  for (let i = 1; i <= options.l2Blocks; i++) {
    const parent = blocks.at(-1) as ExecutionPayloadEnvelope
    const block = h.engine.makeBlock(
      parent.executionPayload,
      fakeAttributes(h.config, h.refOf(parent), built(BigInt(i) / 2n)),
    )
    h.engine.store(block)
    blocks.push(block)
  }
  const hashAt = (index: number) => (blocks[index] as ExecutionPayloadEnvelope).executionPayload.blockHash
  h.engine.setLabels({ head: hashAt(options.l2Blocks) })
  const label = (labels: { safe?: number; finalized?: number }) =>
    h.engine.setLabels({
      head: hashAt(options.l2Blocks),
      ...(labels.safe === undefined ? {} : { safe: hashAt(labels.safe) }),
      ...(labels.finalized === undefined ? {} : { finalized: hashAt(labels.finalized) }),
    })
  const l1 = {
    getBlockRefByNumber: async (n: bigint) => (n <= options.l1Head ? shown(n) : null),
    getBlockInfo: async (hash: string) => {
      for (let n = 0n; n <= options.l1Head; n++) {
        if (shown(n).hash === hash) return shown(n)
        if (built(n).hash === hash) return built(n)
      }
      return null
    },
  }
  const find = (skipCheck = false) => findSyncStart({ config: h.config, l1, l2: h.controller.chain, skipCheck })
  return { ...h, blocks, label, find, hashAt }
}

const numbers = ({ unsafe, safe, finalized }: { [K in 'unsafe' | 'safe' | 'finalized']: { number: bigint } }) => [
  unsafe.number,
  safe.number,
  finalized.number,
]

describe('finding the sync start', () => {
  it('[DER-369] [DER-370] takes genesis when nothing is safe or finalized, and the engine head as unsafe', async () => {
    const s = scene({ l2Blocks: 6, l1Head: 3n })
    expect(numbers(await s.find())).toEqual([6n, 0n, 0n])
  })

  it('[DER-370] takes finalized for a missing safe label', async () => {
    const s = scene({ l2Blocks: 6, l1Head: 3n })
    s.label({ finalized: 2 })
    expect(numbers(await s.find())).toEqual([6n, 2n, 2n])
  })

  it('[DER-371] keeps an unsafe head whose origin is ahead of the L1 head', async () => {
    const s = scene({ l2Blocks: 8, l1Head: 2n })
    expect(numbers(await s.find())[0]).toBe(8n)
  })

  it('[DER-372] goes back to the parent of the first block whose origin was reorged out', async () => {
    const s = scene({ l2Blocks: 8, l1Head: 10n, shown: (n) => fakeL1Block(n, 'b', 3n) })
    expect(numbers(await s.find())[0]).toBe(5n)
  })

  it('[DER-373] starts safe at the parent of the first block of the epoch more than a window behind', async () => {
    const s = scene({ l2Blocks: 20, l1Head: 10n })
    s.label({ safe: 18, finalized: 0 })
    // Highest origin 10, window 4: origins below 6 count; the first block of epoch 5 is 10, its parent 9.
    expect(numbers(await s.find())).toEqual([20n, 9n, 0n])
    s.label({ safe: 18, finalized: 16 })
    expect(numbers(await s.find())).toEqual([20n, 16n, 16n])
    s.label({ safe: 5, finalized: 0 })
    expect(numbers(await s.find())).toEqual([20n, 3n, 0n])
  })

  it('goes straight to the safe head when told to skip the check', async () => {
    const s = scene({ l2Blocks: 20, l1Head: 10n })
    s.label({ safe: 5, finalized: 0 })
    expect(numbers(await s.find(true))).toEqual([20n, 3n, 0n])
  })

  it('[DER-374] refuses an origin that does not extend the parent origin', async () => {
    const s = scene({ l2Blocks: 6, l1Head: 10n, built: (n) => (n >= 2n ? fakeL1Block(n + 1n) : fakeL1Block(n)) })
    await expect(s.find()).rejects.toMatchObject({ severity: 'reset', fault: { code: 'inconsistentOrigin' } })
  })

  describe('along single refs', () => {
    /** Block `number` with L1 origin `epoch`. */
    const ref = (
      number: number,
      epoch: number,
      sequenceNumber: number,
      fields: Partial<L2BlockRef> = {},
    ): L2BlockRef => ({
      hash: hashOf(`L2 ${number}`),
      parentHash: hashOf(`L2 ${number - 1}`),
      number: BigInt(number),
      timestamp: 1_000n + 2n * BigInt(number),
      l1Origin: { hash: fakeL1Block(BigInt(epoch)).hash, number: BigInt(epoch) },
      sequenceNumber: BigInt(sequenceNumber),
      ...fields,
    })
    const genesis = ref(0, 0, 0)

    /** Walks along these blocks after genesis; nothing but genesis is finalized. */
    function walk(
      blocks: readonly L2BlockRef[],
      { shown = (n: bigint) => fakeL1Block(n), seqWindowSize = 4n, safe = blocks.length } = {},
    ) {
      const { config } = engineHarness({ config: { seqWindowSize } })
      const refs = [genesis, ...blocks]
      const head = refs.at(-1) as L2BlockRef
      const unasked = async (): Promise<never> => {
        throw new Error('not to be asked')
      }
      const l2 = {
        getL2BlockRef: async (selector: unknown) =>
          selector === 'finalized' ? genesis : selector === 'safe' ? (refs[safe] ?? null) : head,
        getL2BlockRefByHash: async (hash: string) => refs.find((each) => each.hash === hash) ?? null,
        getL2BlockRefByNumber: unasked,
        getL2Transactions: unasked,
        getSystemConfigByL2Hash: unasked,
      }
      const known = Array.from({ length: 40 }, (_, n) => [shown(BigInt(n)), fakeL1Block(BigInt(n))]).flat()
      const l1 = {
        getBlockRefByNumber: async (n: bigint) => shown(n),
        getBlockInfo: async (hash: string) => known.find((block) => block.hash === hash) ?? null,
      }
      const ids = { l1: fakeL1Block(0n), l2: { hash: genesis.hash, number: 0n } }
      return findSyncStart({ config: { ...config, genesis: { ...config.genesis, ...ids } }, l1, l2 })
    }
    /** One block for each epoch. */
    const to = (epoch: number) => Array.from({ length: epoch }, (_, i) => ref(i + 1, i + 1, 0))
    const foreign = { hash: hashOf('another L1 block'), number: 0n }

    it('[DER-374] follows a chain whose origins and sequence numbers are in order', async () => {
      const start = await walk([ref(1, 0, 1), ref(2, 1, 0), ref(3, 1, 1), ref(4, 2, 0)])
      expect(numbers(start)).toEqual([4n, 0n, 0n])
    })

    it.each([
      ['a sequence number that skips one within an epoch', [ref(1, 0, 1), ref(2, 1, 0), ref(3, 1, 2)]],
      ['a sequence number that stays within an epoch', [ref(1, 0, 1), ref(2, 1, 0), ref(3, 1, 0)]],
      ['a first block of an epoch that does not count from 0', [ref(1, 0, 1), ref(2, 1, 1)]],
      ['an L1 origin that skips one', [ref(1, 0, 1), ref(2, 2, 0)]],
      ['an L1 origin that goes back', [ref(1, 0, 1), ref(2, 1, 0), ref(3, 0, 0)]],
      ['an L1 origin that is no child of the one before', [ref(1, 0, 1, { l1Origin: foreign }), ref(2, 1, 0)]],
      ['two L1 origins of one number', [ref(1, 0, 1, { l1Origin: foreign }), ref(2, 0, 2)]],
    ])('[DER-374] refuses %s', async (_, blocks) => {
      await expect(walk(blocks)).rejects.toMatchObject({ severity: 'reset', fault: { code: 'inconsistentOrigin' } })
    })

    it('[DER-376] goes five sequencing windows deep, and not one L1 block deeper', async () => {
      const from1 = { shown: (n: bigint) => fakeL1Block(n, 'b', 1n), seqWindowSize: 2n }
      expect(numbers(await walk(to(10), from1))).toEqual([0n, 0n, 0n])
      await expect(walk(to(11), from1)).rejects.toMatchObject({ fault: { code: 'tooDeepReorg' } })
    })

    it('[DER-372] [DER-373] counts the window back from the highest origin that is canonical', async () => {
      const from10 = { shown: (n: bigint) => fakeL1Block(n, 'b', 10n) }
      // Block 9 is canonical; 4 is the first one more than a window behind.
      expect(numbers(await walk(to(12), from10))).toEqual([9n, 3n, 0n])
    })

    it('[DER-373] begins with the safe head at the latest', async () => {
      expect(numbers(await walk(to(12), { safe: 8 }))).toEqual([12n, 6n, 0n])
      expect(numbers(await walk(to(12), { safe: 7 }))).toEqual([12n, 6n, 0n])
      expect(numbers(await walk(to(12), { safe: 6 }))).toEqual([12n, 5n, 0n])
    })
  })

  it('[DER-375] does not walk past another block at the height of the finalized one', async () => {
    const s = scene({ l2Blocks: 6, l1Head: 10n })
    const [other] = s.chainOn(s.genesis, 1, 'other')
    s.engine.store(other!)
    s.engine.setLabels({ head: s.hashAt(6), safe: s.hashAt(3), finalized: other!.executionPayload.blockHash })
    await expect(s.find()).rejects.toMatchObject({ fault: { code: 'finalizedReorg' } })
  })

  it('[DER-375] refuses an L1 that has another genesis block', async () => {
    const s = scene({ l2Blocks: 2, l1Head: 10n, shown: (n) => fakeL1Block(n, 'b') })
    await expect(s.find()).rejects.toMatchObject({ fault: { code: 'wrongChain', data: { layer: 'l1' } } })
  })

  it('[DER-375] refuses an engine that does not have the L2 genesis block', async () => {
    const s = scene({ l2Blocks: 2, l1Head: 10n })
    const config = { ...s.config, genesis: { ...s.config.genesis, l2: { number: 0n, hash: hashOf('another') } } }
    const l1 = { getBlockRefByNumber: async () => null, getBlockInfo: async () => null }
    await expect(findSyncStart({ config, l1, l2: s.controller.chain })).rejects.toMatchObject({
      fault: { code: 'wrongChain', data: { layer: 'l2' } },
    })
  })

  it('[DER-376] refuses to go deeper than five sequencing windows', async () => {
    const s = scene({ l2Blocks: 40, l1Head: 30n, seqWindowSize: 2n, shown: (n) => fakeL1Block(n, 'b', 2n) })
    s.label({ safe: 1, finalized: 1 })
    await expect(s.find()).rejects.toMatchObject({ fault: { code: 'tooDeepReorg' } })
  })

  it.each([
    ['safe', { head: 2, safe: 4, finalized: 1 }],
    ['finalized', { head: 2, safe: 2, finalized: 3 }],
  ])('recovers an engine that was rewound below its %s label alone', async (_, { head, safe, finalized }) => {
    const s = scene({ l2Blocks: 4, l1Head: 10n })
    s.engine.setLabels({ head: s.hashAt(head), safe: s.hashAt(safe), finalized: s.hashAt(finalized) })
    expect(numbers(await s.find())).toEqual([2n, 2n, 2n])
  })

  it.each([
    ['safe', { safe: 1, finalized: 0 }],
    ['finalized', { safe: 0, finalized: 1 }],
  ])('does not take an engine with a %s block for one that was just synced', async (_, labels) => {
    const s = scene({ l2Blocks: 62, l1Head: 40n, seqWindowSize: 2n })
    s.label(labels)
    await expect(s.find()).rejects.toMatchObject({ fault: { code: 'tooDeepReorg' } })
  })

  it('recovers an engine that was rewound below its own labels', async () => {
    const s = scene({ l2Blocks: 4, l1Head: 10n })
    s.engine.setLabels({ head: s.hashAt(2), safe: s.hashAt(4), finalized: s.hashAt(3) })
    expect(numbers(await s.find())).toEqual([2n, 2n, 2n])
  })

  it('recovers an engine that synced far without safe and finalized labels', async () => {
    const s = scene({ l2Blocks: 62, l1Head: 40n, seqWindowSize: 2n })
    expect(numbers(await s.find())).toEqual([62n, 62n, 62n])
    // Fourteen sequencing windows above genesis are not far yet.
    expect(numbers(await scene({ l2Blocks: 58, l1Head: 40n, seqWindowSize: 2n }).find())).toEqual([58n, 58n, 58n])
    const near = scene({ l2Blocks: 57, l1Head: 40n, seqWindowSize: 2n })
    await expect(near.find()).rejects.toMatchObject({ fault: { code: 'tooDeepReorg' } })
  })

  it('says what it could not read, as temporary', async () => {
    const s = scene({ l2Blocks: 2, l1Head: 10n })
    s.engine.failNext('getBlock', new Error('connection refused'))
    await expect(s.find()).rejects.toMatchObject({ severity: 'temporary', fault: { code: 'unreachable' } })
  })
})
