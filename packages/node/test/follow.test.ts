import { hashOf } from '@keelson/engine/testing'
import { afterEach, expect, it } from 'vitest'
import { batcherTransaction, blocksOf, World } from '../testing/index.ts'

let world: World
afterEach(() => world.close())

it('takes safe and finalized heads from the source, without deriving', async () => {
  world = new World()
  const sequencer = await world.node({ sequencer: {} })
  const follower = await world.node({ followStatus: async () => sequencer.syncStatus() })
  await world.advance(8)
  await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
  world.l1.finalize(1n)
  await world.advance(5)
  const [source, status] = [sequencer.syncStatus(), follower.syncStatus()]
  expect(status.safeL2.number).toBe(4n)
  expect(status.finalizedL2).toEqual(source.finalizedL2)
  expect(status.unsafeL2).toEqual(source.unsafeL2)
  expect(status.currentL1.number).toBe(1n)
  expect(follower.metric('derive_frames_added_total')).toBe(0)
})

it('does not believe a source that is out of order or on another L1', async () => {
  world = new World()
  const sequencer = await world.node({ sequencer: {} })
  let change: 'order' | 'l1' = 'order'
  const follower = await world.node({
    followStatus: async () => {
      const said = sequencer.syncStatus()
      if (change === 'order') return { ...said, finalizedL2: said.unsafeL2 }
      return {
        ...said,
        safeL2: { ...said.unsafeL2, l1Origin: { hash: hashOf('elsewhere'), number: 0n } },
        localSafeL2: said.unsafeL2,
      }
    },
  })
  await world.advance(8)
  change = 'l1'
  await world.advance(8)
  expect(follower.syncStatus().safeL2.number).toBe(0n)
  const warnings = follower.lines
    .filter(({ message }) => message === 'Could not follow the source')
    .map(({ fields }) => fields.err)
  expect(warnings[0]).toMatch('out of order')
  expect(warnings.at(-1)).toMatch('not canonical here')
})
