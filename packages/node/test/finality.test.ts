import { afterEach, describe, expect, it } from 'vitest'
import { batcherTransaction, blocksOf, type TestNode, World } from '../testing/index.ts'

let world: World
afterEach(() => world.close())

/** A verifier that derived blocks 1-3 from L1 block 1 and 4-6 from L1 block 2. */
async function derived(options: Parameters<World['node']>[0] = {}): Promise<TestNode> {
  world = new World()
  const sequencer = await world.node({ sequencer: {} })
  const verifier = await world.node({ join: false, ...options })
  await world.advance(12)
  const blocks = await blocksOf(sequencer)
  await world.mine(batcherTransaction(world.config, blocks.slice(0, 3)))
  await world.mine(batcherTransaction(world.config, blocks.slice(3, 6)))
  expect(verifier.syncStatus().safeL2.number).toBe(6n)
  return verifier
}

const finalized = (node: TestNode) => Number(node.syncStatus().finalizedL2.number)

describe('finality', () => {
  it('[DER-362] [DER-363] [DER-364] finalizes the newest block derived from L1 up to the final one, not by its origin', async () => {
    const node = await derived()
    // All six blocks have L1 origin 0; what counts is where they were read.
    world.l1.finalize(0n)
    await world.settle()
    expect(finalized(node)).toBe(0)
    world.l1.finalize(1n)
    await world.settle()
    expect(finalized(node)).toBe(3)
    expect(node.fake.labels.finalized).toBe((await blocksOf(node))[2]?.executionPayload.blockHash)
    world.l1.finalize(2n)
    await world.settle()
    expect(finalized(node)).toBe(6)
    expect(node.syncStatus().finalizedL1.number).toBe(2n)
  })

  it('[DER-365] resets when the L1 block that was derived from is not canonical', async () => {
    const node = await derived()
    const resets = node.metric('pipeline_resets_total')
    world.l1.reorg(0n, 'b')
    for (let i = 0; i < 4; i++) world.l1.mine()
    // The signal comes before derivation has looked at the new chain.
    world.l1.finalize(3n)
    await world.settle()
    await world.advance(3)
    expect(node.metric('pipeline_resets_total')).toBeGreaterThan(resets)
    expect(finalized(node)).toBe(0)
  })

  it('waits, without a reset, for a server that does not have the final L1 block yet', async () => {
    const node = await derived({ finalityDelay: 0n })
    const resets = node.metric('pipeline_resets_total')
    world.l1.servesUpTo = 1n
    world.l1.finalize(2n)
    await world.settle()
    expect(finalized(node)).toBe(0)
    world.l1.servesUpTo = null
    await world.mine()
    await world.settle()
    expect(finalized(node)).toBe(6)
    expect(node.metric('pipeline_resets_total')).toBe(resets)
  })

  it('[DER-366] tries again only after more L1 blocks without a signal, and remembers so many', async () => {
    const node = await derived({ finalityDelay: 3n, finalityLookback: 1 })
    world.l1.finalize(1n)
    await world.settle()
    // With a history of one L1 block, what came from block 1 is forgotten.
    expect(finalized(node)).toBe(0)
    world.l1.finalize(2n)
    await world.settle()
    expect(finalized(node)).toBe(6)
  })

  it('[DER-367] ignores a signal that goes back', async () => {
    const node = await derived()
    world.l1.finalize(2n)
    await world.settle()
    world.l1.finalize(1n)
    await world.settle()
    expect(finalized(node)).toBe(6)
    expect(node.syncStatus().finalizedL1.number).toBe(2n)
  })

  it('[DER-368] forgets at a reset what was derived before', async () => {
    const node = await derived()
    await node.methods.admin_resetDerivationPipeline!([], {} as never)
    await world.settle()
    world.l1.finalize(1n)
    await world.settle()
    // Derivation has read both batches again by now, so the history is new and complete.
    expect(finalized(node)).toBe(3)
  })
})
