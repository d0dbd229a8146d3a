import { forksThrough } from '@keelson/engine/testing'
import { EngineApiError, type ExecutionPayloadEnvelope, isDepositTx, payloadToL2BlockRef } from '@keelson/protocol'
import { testTx } from '@keelson/protocol/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { blocksOf, type TestNode, World } from '../testing/index.ts'

let world: World
afterEach(() => world.close())

const originsOf = (node: TestNode) =>
  blocksOf(node).then((blocks) =>
    blocks.map(({ executionPayload }) => Number(payloadToL2BlockRef(world.config, executionPayload).l1Origin.number)),
  )
const pooled = ({ executionPayload }: ExecutionPayloadEnvelope) =>
  executionPayload.transactions.some((tx) => !isDepositTx(tx))
const tx = testTx({ chainId: 901n })

describe('timing', () => {
  it('builds one block per block time, sealed when it is due', async () => {
    world = new World()
    const node = await world.node({ sequencer: {} })
    await world.advance(10)
    const times = (await blocksOf(node)).map(({ executionPayload: p }) => p.timestamp - world.config.genesis.l2Time)
    expect(times).toEqual([2n, 4n, 6n, 8n, 10n])
    expect(node.sequencer?.phase).toBe('building')
  })

  it('catches up at once when it is late', async () => {
    world = new World()
    world.clock.setNow(world.clock.now() + 60_000)
    for (let i = 0; i < 5; i++) world.l1.mine()
    const node = await world.node({ sequencer: { l1Confs: 0n } })
    await world.advance(1)
    expect(node.syncStatus().unsafeL2.number).toBe(30n)
  })

  it('makes blocks known before it inserts them, and goes on when that fails', async () => {
    world = new World()
    const node = await world.node({ sequencer: {} })
    world.hub.down = true
    await world.advance(4)
    expect(node.syncStatus().unsafeL2.number).toBe(2n)
    expect(world.hub.published).toHaveLength(2)
    expect(node.metric('publishing_errors_total')).toBe(2)
  })
})

describe('L1 origins', () => {
  it('[DER-383] takes the next L1 block once it is known, confirmed and not newer than the block', async () => {
    world = new World()
    const node = await world.node({ sequencer: { l1Confs: 1n } })
    for (let i = 0; i < 4; i++) {
      world.l1.mine()
      await world.advance(12)
    }
    const origins = await originsOf(node)
    // L1 blocks come every 12 s; block 1 (at 12 s) has its confirmation with block 2, mined just after 12 s.
    expect(origins.slice(0, 5)).toEqual([0, 0, 0, 0, 0])
    expect(Math.max(...origins)).toBe(3)
    for (const [i, origin] of origins.entries()) {
      expect(BigInt(i + 1) * 2n).toBeGreaterThanOrEqual(BigInt(origin) * 12n)
      if (i > 0) expect([origins[i - 1], (origins[i - 1] as number) + 1]).toContain(origin)
    }
  })

  it('[DER-384] leaves the pool out past the drift, until it can take the next origin', async () => {
    world = new World({ maxSequencerDrift: 4n, forks: forksThrough('regolith') })
    const node = await world.node({ sequencer: { l1Confs: 0n } })
    node.fake.pool = [tx]
    // The next origin is known but newer than the next blocks.
    world.l1.mine()
    await world.advance(14)
    const blocks = await blocksOf(node)
    expect(blocks.slice(1, 6).map(pooled)).toEqual([true, false, false, false, true])
    expect((await originsOf(node)).slice(0, 7)).toEqual([0, 0, 0, 0, 0, 1, 1])
  })

  it('waits when it is past the drift and the next L1 block is not known', async () => {
    world = new World({ maxSequencerDrift: 4n, forks: forksThrough('regolith') })
    const node = await world.node({ sequencer: { l1Confs: 0n } })
    await world.advance(10)
    expect(node.syncStatus().unsafeL2.number).toBe(2n)
    world.l1.mine()
    await world.advance(4)
    expect(node.syncStatus().unsafeL2.number).toBeGreaterThan(5n)
  })

  it('[DER-385] uses the drift of Fjord, 1,800 s, by the time of the origin', async () => {
    world = new World({ maxSequencerDrift: 4n })
    const node = await world.node({ sequencer: {} })
    node.fake.pool = [tx]
    await world.advance(10)
    expect((await blocksOf(node)).slice(1).every(pooled)).toBe(true)
  })

  it('[DER-386] leaves the pool out of the activation blocks of Ecotone, Fjord, Isthmus and Jovian', async () => {
    const t = 1_700_000_000n
    const { regolith, canyon, delta } = { regolith: 0n, canyon: 0n, delta: 0n }
    const forks = {
      regolith,
      canyon,
      delta,
      ecotone: t + 4n,
      fjord: t + 8n,
      granite: t + 12n,
      holocene: t + 16n,
      isthmus: t + 20n,
      jovian: t + 24n,
    }
    world = new World({ forks })
    const node = await world.node({ sequencer: {} })
    node.fake.pool = [tx]
    await world.advance(28)
    const closed = (await blocksOf(node))
      .filter((block) => !pooled(block))
      .map(({ executionPayload: p }) => p.timestamp - t)
    expect(closed.filter((time) => time > 2n)).toEqual([4n, 8n, 20n, 24n])
  })

  it('goes on upon the origin it has while L1 is away, and finds its way when L1 is back', async () => {
    world = new World()
    const node = await world.node({ sequencer: { l1Confs: 0n } })
    await world.advance(4)
    world.l1.goDown()
    await world.advance(30)
    expect(node.syncStatus().unsafeL2.number).toBe(17n)
    world.l1.down = null
    world.l1.mine()
    await world.advance(6)
    expect(node.syncStatus().unsafeL2.l1Origin.number).toBe(1n)
  })
})

describe('an L1 that hangs', () => {
  it('does not hold up blocks that can be built without it', async () => {
    world = new World()
    const { client } = world.l1
    const hung = new Promise<never>(() => {})
    let hangs = false
    const slow = {
      ...client,
      getBlockRefByNumber: (number: bigint) => (hangs ? hung : client.getBlockRefByNumber(number)),
    }
    const node = await world.node({ sequencer: { l1Confs: 0n }, l1: { client: slow, tracker: world.l1.joinTracker() } })
    await world.advance(4)
    hangs = true
    await world.advanceOnly(20)
    expect(node.engine.heads.unsafe.number).toBeGreaterThan(10n)
  })
})

describe('starting and stopping', () => {
  it('starts only on the hash of its head, and not twice', async () => {
    world = new World()
    const node = await world.node({ sequencer: { stopped: true } })
    await world.advance(4)
    const { hash } = world.config.genesis.l2
    expect(node.syncStatus().unsafeL2.number).toBe(0n)
    const start = (params: unknown[]) => node.methods.admin_startSequencer!(params, {} as never) as Promise<unknown>
    await expect(start([`0x${'11'.repeat(32)}`])).rejects.toThrow('block hash does not match')
    expect(await start([hash])).toBeNull()
    await expect(start([hash])).rejects.toThrow('sequencer already running')
    await world.advance(4)
    expect(node.syncStatus().unsafeL2.number).toBeGreaterThan(1n)
    const head = await node.methods.admin_stopSequencer!([], {} as never)
    expect(head).toBe(node.syncStatus().unsafeL2.hash)
    await expect(node.methods.admin_stopSequencer!([], {} as never)).rejects.toThrow('sequencer not running')
    const before = node.syncStatus().unsafeL2.number
    await world.advance(10)
    expect(node.syncStatus().unsafeL2.number).toBe(before)
    expect(node.methods.admin_sequencerActive!([], {} as never)).toBe(false)
  })

  it('says of a verifier that it has no sequencer', async () => {
    world = new World()
    const node = await world.node()
    await expect(node.methods.admin_stopSequencer!([], {} as never)).rejects.toThrow('sequencer is not enabled')
    expect(node.methods.admin_sequencerActive!([], {} as never)).toBe(false)
  })
})

describe('conductor', () => {
  const conductorWith = (commit: () => Promise<void>, leads = true) => ({
    enabled: true,
    leader: async () => leads,
    commitUnsafePayload: commit,
    overrideLeader: () => {},
  })

  it('publishes and inserts only what was committed, and tries again with the same block', async () => {
    world = new World()
    let fails = true
    const node = await world.node({
      sequencer: {
        conductor: conductorWith(async () => {
          if (fails) throw new Error('no quorum')
        }),
      },
    })
    await node.methods.admin_startSequencer!([world.config.genesis.l2.hash], {} as never)
    await world.advance(6)
    expect(node.syncStatus().unsafeL2.number).toBe(0n)
    expect(world.hub.published).toHaveLength(0)
    fails = false
    await world.advance(4)
    expect(node.syncStatus().unsafeL2.number).toBeGreaterThan(0n)
  })

  it('does not start a node that does not lead', async () => {
    world = new World()
    const node = await world.node({ sequencer: { conductor: conductorWith(async () => {}, false) } })
    const start = node.methods.admin_startSequencer!([world.config.genesis.l2.hash], {} as never)
    await expect(start).rejects.toThrow('sequencer is not the leader, aborting')
  })
})

describe('failures', () => {
  it('stalls when the safe head falls too far behind, and goes on when it has come closer', async () => {
    world = new World()
    const node = await world.node({ sequencer: { maxSafeLag: 3n } })
    await world.advance(20)
    expect(node.syncStatus().unsafeL2.number).toBe(3n)
    expect(node.sequencer?.stalledBySafeLag).toBe(true)
  })

  it('inserts the same block again when the engine was away', async () => {
    world = new World()
    const node = await world.node({ sequencer: {} })
    node.fake.failNext('newPayload', new Error('connection refused'), new Error('connection refused'))
    await world.advance(6)
    expect(node.syncStatus().unsafeL2.number).toBeGreaterThan(1n)
    const [first] = await blocksOf(node)
    expect(world.hub.published[0]?.executionPayload.blockHash).toBe(first?.executionPayload.blockHash)
  })

  it('starts a block anew when the engine lost the job', async () => {
    world = new World()
    const node = await world.node({ sequencer: {} })
    node.fake.failNext('getPayload', new EngineApiError(-38001, 'unknown payload'))
    await world.advance(8)
    expect(node.syncStatus().unsafeL2.number).toBeGreaterThan(2n)
    expect(node.metric('sequencing_errors_total')).toBe(1)
  })

  it('[DER-387] builds blocks that derivation recognizes', async () => {
    world = new World({ forks: forksThrough('jovian') })
    const node = await world.node({ sequencer: {} })
    await world.advance(8)
    const { batcherTransaction } = await import('../testing/index.ts')
    await world.mine(batcherTransaction(world.config, await blocksOf(node)))
    expect(node.syncStatus().safeL2.number).toBe(4n)
    expect(node.metric('keelson_engine_consolidations_total', { outcome: 'match' })).toBe(4)
    expect(node.metric('keelson_engine_consolidations_total', { outcome: 'mismatch' })).toBe(0)
  })

  it('goes on from what the engine has after a restart', async () => {
    world = new World()
    const node = await world.node({ sequencer: {} })
    await world.advance(7)
    const before = node.syncStatus().unsafeL2
    // As after kill -9: nothing is closed, only the engine's chain is left.
    node.driver.post(() => new Promise(() => {}))
    const again = await world.restarted(node, { sequencer: {} })
    await world.advance(4)
    const blocks = await blocksOf(again)
    expect(blocks[Number(before.number) - 1]?.executionPayload.blockHash).toBe(before.hash)
    expect(again.syncStatus().unsafeL2.number).toBeGreaterThan(before.number)
  })
})
