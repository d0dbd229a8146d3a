import { isDepositTx } from '@keelson/protocol'
import { testTx } from '@keelson/protocol/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { batcherTransaction, blocksOf, World } from '../testing/index.ts'

let world: World
afterEach(() => world.close())

const hashes = async (node: Parameters<typeof blocksOf>[0]) =>
  (await blocksOf(node)).map(({ executionPayload }) => executionPayload.blockHash)

describe('a sequencer', () => {
  it('builds a block every block time from genesis on', async () => {
    world = new World()
    const node = await world.node({ sequencer: {} })
    await world.advance(10)
    expect(node.syncStatus().unsafeL2.number).toBe(5n)
    const blocks = await blocksOf(node)
    expect(blocks.map(({ executionPayload }) => executionPayload.timestamp - world.config.genesis.l2Time)).toEqual([
      2n,
      4n,
      6n,
      8n,
      10n,
    ])
    expect(world.hub.published.map(({ executionPayload }) => executionPayload.blockHash)).toEqual(await hashes(node))
  })
})

describe('a verifier', () => {
  it('takes unsafe blocks from the sequencer by gossip', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    const verifier = await world.node()
    await world.advance(6)
    expect(verifier.syncStatus().unsafeL2).toEqual(sequencer.syncStatus().unsafeL2)
    expect(verifier.syncStatus().unsafeL2.number).toBe(3n)
  })

  it('[DER-388] derives the same blocks from L1 alone', async () => {
    world = new World()
    const sequencer = await world.node({ sequencer: {} })
    sequencer.fake.pool = [testTx({ chainId: 901n })]
    const verifier = await world.node({ join: false })
    await world.advance(10)
    await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    expect(verifier.syncStatus().safeL2.number).toBe(5n)
    expect(await hashes(verifier)).toEqual(await hashes(sequencer))
    expect(sequencer.syncStatus().safeL2.number).toBe(5n)
    expect((await blocksOf(verifier))[0]?.executionPayload.transactions.some((tx) => !isDepositTx(tx))).toBe(true)
  })
})
