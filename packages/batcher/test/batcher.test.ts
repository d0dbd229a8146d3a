import { createBlobCrypto } from '@keelson/l1'
import { scriptedRpc } from '@keelson/l1/testing'
import { recordedLogs } from '@keelson/service/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { RollupWorld } from '../testing/rollupWorld.ts'

const crypto = createBlobCrypto()
let world: RollupWorld | null = null
const open = async (
  ...args: Parameters<typeof RollupWorld.open> extends [infer F, infer _C, ...infer R] ? [F, ...R] : never
) => {
  const [fork, ...rest] = args
  world = await RollupWorld.open(fork, crypto, ...rest)
  return world
}

afterEach(async () => {
  await world?.close()
  world = null
})
afterAll(() => crypto.close())

describe('the batcher on anvil, read back by the derivation pipeline', () => {
  const cases = [
    ['[BAT-001] [BAT-021] span batches in blobs', 'granite', { dataAvailabilityType: 'blobs' }, {}],
    ['[BAT-001] [BAT-005] span batches in calldata', 'granite', { dataAvailabilityType: 'calldata' }, {}],
    [
      '[BAT-004] singular batches in calldata',
      'regolith',
      { dataAvailabilityType: 'calldata' },
      { batchType: 'singular' },
    ],
    [
      '[BAT-016] singular batches before Delta, though spans are asked for',
      'canyon',
      { dataAvailabilityType: 'calldata' },
      {},
    ],
    ['[BAT-015] brotli', 'fjord', { dataAvailabilityType: 'calldata' }, { compression: 'brotli', compressionLevel: 9 }],
    [
      '[BAT-024] channels of many frames in order, where any order would do',
      'granite',
      { dataAvailabilityType: 'calldata', maxPendingTx: 0 },
      { maxL1TxSizeBytes: 150, targetNumFrames: 8 },
    ],
    [
      '[BAT-025] [BAT-026] [BAT-027] strict order, channels of many frames',
      'jovian',
      { dataAvailabilityType: 'calldata', maxPendingTx: 0 },
      { maxL1TxSizeBytes: 150, targetNumFrames: 8 },
    ],
  ] as const
  for (const [what, fork, options, policy] of cases) {
    it(`writes ${what} (${fork}) that derive to the very blocks`, async () => {
      const chain = await open(fork)
      await chain.mine(3)
      await chain.sequence()
      const batcher = chain.batcher({ ...options, policy })
      await batcher.start()
      await chain.run(batcher, () => chain.safe.number >= (options.dataAvailabilityType === 'blobs' ? 6n : 20n))
      expect(chain.safe.hash).toBe(chain.blocks[Number(chain.safe.number) - 1]?.executionPayload.blockHash)
    })
  }

  it('[BAT-002] goes on from the safe head after a restart, without gaps', async () => {
    const chain = await open('holocene')
    await chain.mine(3)
    const first = chain.batcher({ dataAvailabilityType: 'calldata' })
    await first.start()
    await chain.run(first, () => chain.safe.number >= 8n)
    await first.close()
    const stoppedAt = chain.safe.number
    for (let i = 0; i < 4; i++) {
      await chain.mine()
      await chain.sequence()
    }
    await chain.derive()
    const second = chain.batcher({ dataAvailabilityType: 'calldata' })
    await second.start()
    await chain.run(second, () => chain.safe.number >= stoppedAt + 20n)
    expect(chain.safe.number).toBeGreaterThanOrEqual(stoppedAt + 20n)
  })

  it('[BAT-022] takes over with blobs where calldata was used', async () => {
    const chain = await open('holocene')
    await chain.mine(3)
    const first = chain.batcher({ dataAvailabilityType: 'calldata' })
    await first.start()
    await chain.run(first, () => chain.safe.number >= 6n)
    await first.close()
    const second = chain.batcher({ dataAvailabilityType: 'blobs' })
    await second.start()
    const before = chain.safe.number
    await chain.run(second, () => chain.safe.number >= before + 2n)
    expect(chain.safe.number).toBeGreaterThanOrEqual(before + 2n)
  })

  it('[BAT-031] posts again what an L1 reorg took out', async () => {
    const chain = await open('holocene')
    // The origins of all L2 blocks lie below the reorg.
    await chain.mine(12)
    await chain.sequence()
    const { log, lines } = recordedLogs()
    const batcher = chain.batcher({ dataAvailabilityType: 'calldata' }, log)
    await batcher.start()
    batcher.flush()
    while ((await chain.poolSize()) === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    await chain.mine()
    await chain.derive()
    const posted = chain.safe.number
    expect(posted).toBeGreaterThan(0n)
    while (!lines.some(({ message }) => message === 'Batcher transaction is on L1'))
      await new Promise((resolve) => setTimeout(resolve, 10))

    await chain.anvil.rpc.request('anvil_reorg', [1, []])
    const head = await chain.l1.getBlockRefByLabel('latest')
    if (head) chain.head = head
    chain.restartDerivation()
    await chain.derive()
    expect(chain.safe.number).toBe(0n)
    for (let slot = 0; slot < 60 && chain.safe.number < posted; slot++) {
      await new Promise((resolve) => setTimeout(resolve, 30))
      await chain.mine()
      await chain.derive()
    }
    expect(chain.safe.number).toBe(posted)
  })

  it("[BAT-030] begins again on the new chain when the sequencer's blocks change under it", async () => {
    const chain = await open('holocene')
    await chain.mine(4)
    await chain.sequence()
    const { log, lines } = recordedLogs()
    const batcher = chain.batcher({ dataAvailabilityType: 'calldata', policy: { maxChannelDuration: 0n } }, log)
    await batcher.start()
    while (batcher.status().pendingBlocks < chain.blocks.length) await new Promise((resolve) => setTimeout(resolve, 10))
    // Nothing is posted yet: the channel stays open. Now the last three blocks become others.
    chain.blocks.splice(-3)
    await chain.sequence(80)
    await chain.mine(2)
    await chain.sequence(80)
    while (!lines.some(({ message }) => message === 'Starting again behind the safe head'))
      await new Promise((resolve) => setTimeout(resolve, 10))
    while (batcher.status().pendingBlocks < chain.blocks.length) await new Promise((resolve) => setTimeout(resolve, 10))
    batcher.flush()
    await chain.run(batcher, () => chain.safe.number >= 6n)
    expect(chain.safe.number).toBeGreaterThanOrEqual(6n)
  })

  it('starts, stops and flushes on demand, and says when it cannot', async () => {
    const chain = await open('granite')
    const batcher = chain.batcher()
    await expect(batcher.stop()).rejects.toThrow('batcher is not running')
    await batcher.start()
    await expect(batcher.start()).rejects.toThrow('batcher is already running')
    await batcher.stop()
    expect(batcher.status()).toEqual({ running: false, pendingBlocks: 0, backlogBytes: 0, pendingTxs: 0 })
  })
})

it('does not hurry when the engine lacks the blocks of a long backlog', async () => {
  const chain = await open('granite')
  await chain.mine(3)
  const status = await chain.rollupRpc.request<{ unsafe_l2: object }>('optimism_syncStatus')
  let turns = 0
  const rollup = scriptedRpc({
    optimism_syncStatus: () => {
      turns++
      return { ...status, unsafe_l2: { ...status.unsafe_l2, number: 5_000 } }
    },
  })
  const batcher = chain.batcher({ rollup, pollIntervalMs: 60_000 })
  await batcher.start()
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(turns).toBe(1)
})
