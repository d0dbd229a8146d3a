import { createBlobCrypto, privateKeySigner } from '@keelson/l1'
import { ANVIL_KEYS } from '@keelson/l1/testing'
import { type RollupConfig, rollupConfigToJson } from '@keelson/protocol'
import { createRpcClient } from '@keelson/service'
import { createRpcServer, type RpcMethods } from '@keelson/service/node'
import { recordedLogs } from '@keelson/service/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type BatcherService, startBatcherService } from '../src/index.ts'
import { RollupWorld } from '../testing/rollupWorld.ts'

const crypto = createBlobCrypto()
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(() => crypto.close())

async function openWorld() {
  const world = await RollupWorld.open('granite', crypto)
  stops.push(() => world.close())
  return world
}

/** Node and engine as one HTTP server. */
async function serve(world: RollupWorld, port = 0, config: RollupConfig = world.config) {
  const pass =
    (method: string, rpc = world.l2Rpc) =>
    (params: readonly unknown[]) =>
      rpc.request(method, params)
  const methods: RpcMethods = {
    optimism_rollupConfig: () => rollupConfigToJson(config),
    optimism_syncStatus: pass('optimism_syncStatus', world.rollupRpc),
    eth_getBlockByNumber: pass('eth_getBlockByNumber'),
  }
  const server = await createRpcServer({ host: '127.0.0.1', port, methods })
  stops.push(() => server.close())
  return server
}

const optionsFor = (world: RollupWorld, url: string) => ({
  l1Rpc: world.anvil.url,
  l2Rpc: url,
  rollupRpc: url,
  signer: privateKeySigner(ANVIL_KEYS[0]),
  tx: { numConfirmations: 1, receiptQueryIntervalMs: 10 },
  crypto,
  dataAvailabilityType: 'calldata' as const,
  pollIntervalMs: 10,
  policy: { maxChannelDuration: 1n },
  rpc: { host: '127.0.0.1', port: 0, enableAdmin: true },
})
const started = async (starting: Promise<BatcherService>) => {
  const service = await starting
  stops.push(() => service.close())
  return service
}

describe('startBatcherService', () => {
  it('is started, flushed and stopped over its admin RPC, and writes what it is there for', async () => {
    const world = await openWorld()
    await world.mine(3)
    const { url } = await serve(world)
    const { batcher, rpcUrl } = await started(startBatcherService({ ...optionsFor(world, url), stopped: true }))
    const rpc = createRpcClient({ url: rpcUrl ?? '' })
    await expect(rpc.request('admin_stopBatcher')).rejects.toThrow('batcher is not running')
    expect(await rpc.request('admin_startBatcher')).toBeNull()
    await expect(rpc.request('admin_startBatcher')).rejects.toThrow('batcher is already running')
    expect(await rpc.request('admin_flushBatcher')).toBeNull()
    await world.run(batcher, () => world.safe.number >= 6n)
    expect(await rpc.request('admin_stopBatcher')).toBeNull()
    expect(batcher.status()).toMatchObject({ running: false, pendingBlocks: 0 })
  })

  it('waits for a node that is not there yet, and says so', async () => {
    const world = await openWorld()
    const first = await serve(world)
    await first.close()
    const { log, lines } = recordedLogs()
    const starting = startBatcherService({ ...optionsFor(world, first.url), log })
    while (!lines.some(({ message }) => message.startsWith('Waiting for the rollup node')))
      await new Promise((resolve) => setTimeout(resolve, 5))
    await serve(world, first.port)
    const { config } = await started(starting)
    expect(config.l2ChainId).toBe(world.config.l2ChainId)
  })

  it('refuses an L1 of another chain', async () => {
    const world = await openWorld()
    const { url } = await serve(world, 0, { ...world.config, l1ChainId: 5n })
    await expect(startBatcherService(optionsFor(world, url))).rejects.toThrow(
      'serves chain 31337, but l1_chain_id is 5',
    )
  })

  it('[BAT-003] with wait-node-sync, posts nothing before the node has derived what an earlier run posted', async () => {
    const world = await openWorld()
    await world.mine(3)
    const { url } = await serve(world)
    const first = await startBatcherService(optionsFor(world, url))
    await world.sequence()
    while ((await world.poolSize()) === 0) {
      await world.mine()
      await world.sequence()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await world.mine()
    await first.close()
    // The node has not derived anything yet: all is on L1, nothing is safe.
    expect(world.safe.number).toBe(0n)
    const { log, lines } = recordedLogs()
    const { batcher } = await started(
      startBatcherService({ ...optionsFor(world, url), waitNodeSync: { checkRecentTxsDepth: 50 }, log }),
    )
    while (!lines.some(({ message }) => message === 'Waiting')) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(batcher.status().pendingBlocks).toBe(0)
    await world.derive()
    const after = world.safe.number
    expect(after).toBeGreaterThan(0n)
    await world.run(batcher, () => world.safe.number >= after + 4n)
  })
})
