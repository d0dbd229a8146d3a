import { forksThrough } from '@keelson/engine/testing'
import { isDepositTx, payloadToL2BlockRef } from '@keelson/protocol'
import { testTx } from '@keelson/protocol/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { batcherTransaction, blocksOf, signedInboxTransaction, type TestNode, World } from '../testing/index.ts'

let world: World
afterEach(() => world.close())

const hashes = async (node: TestNode) =>
  (await blocksOf(node)).map(({ executionPayload }) => executionPayload.blockHash)
const safe = (node: TestNode) => Number(node.syncStatus().safeL2.number)

describe('derivation from L1 alone', () => {
  for (const last of ['regolith', 'granite', 'holocene', 'isthmus', 'jovian'] as const) {
    it(`ends with the sequencer's blocks (${last})`, async () => {
      world = new World({ forks: forksThrough(last) })
      const sequencer = await world.node({ sequencer: { l1Confs: 0n } })
      sequencer.fake.pool = [testTx({ chainId: 901n })]
      const verifier = await world.node({ join: false })
      for (let epoch = 0; epoch < 3; epoch++) {
        const from = sequencer.syncStatus().unsafeL2.number + 1n
        await world.advance(12)
        const batch = await blocksOf(sequencer, from)
        await world.mine(batcherTransaction(world.config, batch, last === 'regolith' ? 'singular' : 'span'))
      }
      expect(safe(verifier)).toBeGreaterThan(15)
      expect(await hashes(verifier)).toEqual((await hashes(sequencer)).slice(0, safe(verifier)))
      expect(verifier.metric('derivation_errors_total')).toBe(0)
    })
  }

  it('makes empty blocks when the batcher is away for longer than a sequencing window, and goes on after', async () => {
    world = new World({ seqWindowSize: 4n })
    const sequencer = await world.node({ sequencer: { l1Confs: 0n } })
    sequencer.fake.pool = [testTx({ chainId: 901n })]
    const verifier = await world.node({ join: false })
    for (let i = 0; i < 7; i++) {
      await world.advance(12)
      await world.mine()
    }
    expect(safe(verifier)).toBeGreaterThan(10)
    expect(verifier.syncStatus().safeL2).toEqual(sequencer.syncStatus().safeL2)
    const derived = (await blocksOf(verifier)).slice(0, safe(verifier))
    expect(derived.every(({ executionPayload }) => executionPayload.transactions.every(isDepositTx))).toBe(true)
    expect(sequencer.explain().drops.map(({ code }) => code)).toContain('transactions')
    // The batcher is back: what it posts from the safe head on is taken again.
    await world.advance(2)
    const batch = await blocksOf(sequencer, sequencer.syncStatus().safeL2.number + 1n)
    const before = safe(verifier)
    await world.mine(batcherTransaction(world.config, batch))
    expect(safe(verifier)).toBeGreaterThan(before)
    expect(verifier.syncStatus().safeL2).toEqual(sequencer.syncStatus().safeL2)
  })

  it('replaces an invalid block by its deposits and drops the rest of the channel (Holocene)', async () => {
    world = new World({ forks: forksThrough('holocene') })
    const sequencer = await world.node({ sequencer: {} })
    sequencer.fake.pool = [testTx({ chainId: 901n })]
    const verifier = await world.node({ join: false })
    verifier.fake.isInvalidTransaction = (tx) => !isDepositTx(tx)
    await world.advance(6)
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    expect(safe(verifier)).toBe(1)
    expect(verifier.explain().drops[0]).toMatchObject({ kind: 'invalid', code: 'depositsOnly' })
  })

  it('is not disturbed by garbage in the batch inbox', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    const verifier = await world.node({ join: false })
    await world.advance(4)
    await world.mine(signedInboxTransaction(world.config, new Uint8Array(200).fill(3)))
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    expect(safe(verifier)).toBe(2)
  })
})

describe('unsafe blocks', () => {
  it('asks peers for what is missing below a block that came too early', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    world.hub.down = true
    await world.advance(6)
    const verifier = await world.node()
    world.hub.down = false
    await world.advance(2)
    expect(verifier.engine.unsafeQueue.length).toBe(1)
    await world.advance(5)
    expect(world.hub.requested[0]).toEqual({ from: 1n, to: 3n })
    for (const block of await blocksOf(sequencer)) {
      verifier.driver.emit({ type: 'received-unsafe-payload', envelope: block, source: 'range' })
    }
    verifier.driver.post(() => {})
    await world.settle()
    expect(verifier.syncStatus().unsafeL2).toEqual(sequencer.syncStatus().unsafeL2)
  })

  it('takes a block from the operator, but not one with another hash', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {}, join: false })
    const verifier = await world.node({ join: false })
    await world.advance(2)
    const { envelopeToJson } = await import('@keelson/protocol')
    const [block] = await blocksOf(sequencer)
    const post = (json: unknown) => verifier.methods.admin_postUnsafePayload!([json], {} as never) as Promise<unknown>
    const forged = { ...block!, executionPayload: { ...block!.executionPayload, gasUsed: 5n } }
    await expect(post(envelopeToJson(forged))).rejects.toThrow('payload has bad block hash')
    expect(await post(envelopeToJson(block!))).toBeNull()
    await world.settle()
    expect(verifier.syncStatus().unsafeL2.number).toBe(1n)
  })
})

describe('reset', () => {
  it('[DER-369] [DER-382] with 0 L1 confirmations, converges with a new L1 after a reorg that took batches and origins away', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: { l1Confs: 0n } })
    const verifier = await world.node()
    const alone = await world.node({ join: false })
    await world.advance(12)
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    await world.advance(12)
    await world.mine()
    await world.advance(6)
    const before = sequencer.syncStatus()
    expect(before.safeL2.number).toBeGreaterThan(4n)
    expect(before.unsafeL2.l1Origin.number).toBeGreaterThan(0n)
    // L1 from block 1 on is another one: without the batch.
    world.l1.reorg(0n, 'b')
    for (let i = 0; i < 4; i++) await world.mine()
    await world.advance(16)
    const from = sequencer.syncStatus().safeL2.number + 1n
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer, from)))
    await world.advance(2)
    const [s, v, a] = [sequencer.syncStatus(), verifier.syncStatus(), alone.syncStatus()]
    expect(a.safeL2.number).toBeGreaterThan(6n)
    expect(v.safeL2).toEqual(s.safeL2)
    expect(a.safeL2).toEqual(s.safeL2)
    expect(v.unsafeL2).toEqual(s.unsafeL2)
    for (const block of await blocksOf(alone)) {
      const { l1Origin } = payloadToL2BlockRef(world.config, block.executionPayload)
      expect(world.l1.block(l1Origin.number).hash).toBe(l1Origin.hash)
    }
    expect(verifier.metric('pipeline_resets_total')).toBeGreaterThan(0)
  })

  it('resets when the origin of the unsafe head was reorged out before derivation had read it', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: { l1Confs: 0n } })
    const verifier = await world.node({ verifierL1Confs: 2n })
    for (let i = 0; i < 3; i++) {
      await world.advance(12)
      await world.mine()
    }
    await world.advance(4)
    expect(verifier.syncStatus().unsafeL2.l1Origin.number).toBe(3n)
    expect(verifier.syncStatus().currentL1.number).toBe(1n)
    await sequencer.close()
    world.l1.reorg(1n, 'b')
    for (let i = 0; i < 4; i++) await world.mine()
    await world.advance(2)
    expect(verifier.explain().resets[0]).toMatchObject({ code: 'unsafeOriginReorged' })
    expect(verifier.syncStatus().unsafeL2.l1Origin.number).toBe(1n)
  })

  it('[DER-380] begins again when the operator asks, and ends with the same blocks', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    const verifier = await world.node({ join: false })
    await world.advance(8)
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    const before = verifier.syncStatus()
    verifier.fake.calls.length = 0
    await verifier.methods.admin_resetDerivationPipeline!([], {} as never)
    await world.settle()
    expect(verifier.fake.calls[0]?.call).toBe('forkchoiceUpdated')
    expect(verifier.syncStatus()).toEqual(before)
  })

  it('waits for L1 with back-off while it is away for 30 s, and goes on', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    const verifier = await world.node()
    await world.advance(4)
    world.l1.goDown()
    await world.advance(30)
    expect(verifier.syncStatus().unsafeL2).toEqual(sequencer.syncStatus().unsafeL2)
    world.l1.down = null
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    await world.advance(11)
    expect(safe(verifier)).toBe(17)
    expect(safe(sequencer)).toBe(17)
  })

  it('finds what is left when the engine lost its newest blocks', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    await world.advance(8)
    const third = (await blocksOf(sequencer))[2]!.executionPayload.blockHash
    sequencer.fake.forgetAbove(third)
    await world.advance(8)
    expect(sequencer.syncStatus().unsafeL2.number).toBeGreaterThan(4n)
    expect((await hashes(sequencer))[2]).toBe(third)
  })
})

describe('errors', () => {
  it('stops at a critical error and says why', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    const verifier = await world.node({ join: false })
    await world.advance(2)
    verifier.fake.isInvalidTransaction = () => true
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    const error = await verifier.stopped
    expect(error?.message).toMatch(/^critical error: attributes with only deposits/)
    expect(verifier.explain().activity.doing).toMatch(/^stopping/)
  })

  it('tries again later when the engine does not answer', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    const verifier = await world.node({ join: false })
    await world.advance(4)
    verifier.fake.failNext('buildStart', new Error('connection refused'), new Error('connection refused'))
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    expect(safe(verifier)).toBe(0)
    await world.advance(7)
    expect(safe(verifier)).toBe(2)
    expect(verifier.explain().errors[0]).toMatchObject({ code: 'unreachable' })
  })
})

describe('engine sync', () => {
  it('lets the engine sync to the tip, then derives from there', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    await world.advance(6)
    const late = await world.node({ syncMode: 'execution-layer' })
    await world.advance(2)
    expect(late.engine.elSync.phase).toBe('syncing')
    expect(late.syncStatus().unsafeL2.number).toBe(4n)
    for (const block of await blocksOf(sequencer)) late.fake.store(block)
    await world.advance(2)
    expect(late.engine.elSync.phase).toBe('finished')
    expect(late.syncStatus().safeL2.number).toBe(5n)
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    await world.advance(2)
    expect(late.syncStatus().unsafeL2).toEqual(sequencer.syncStatus().unsafeL2)
  })
})
