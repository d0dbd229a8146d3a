import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forksThrough } from '@keelson/engine/testing'
import { outputRoot, rollupConfigFromJson, syncStatusFromJson } from '@keelson/protocol'
import { createRpcClient, type RpcError } from '@keelson/service'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { batcherTransaction, blocksOf, type TestNode, World } from '../testing/index.ts'

let world: World
afterEach(() => world.close())

const open = { host: '127.0.0.1', port: 0, enableAdmin: true } as const
const clientOf = (node: TestNode) => createRpcClient({ url: node.rpcUrl ?? '' })
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 0,
    (error: RpcError) => error.code,
  )
const messageOf = (call: Promise<unknown>) =>
  call.then(
    () => '',
    (error: RpcError) => error.message,
  )

describe('the rollup RPC over HTTP', () => {
  it('[PRO-010] [PRO-011] answers optimism_syncStatus with op-node’s fields', async () => {
    world = new World()
    const node = await world.node({ sequencer: {}, rpc: open })
    await world.advance(4)
    const json = await clientOf(node).request<Record<string, unknown>>('optimism_syncStatus')
    expect(Object.keys(json).sort()).toEqual(
      [
        'current_l1',
        'current_l1_finalized',
        'head_l1',
        'safe_l1',
        'finalized_l1',
        'unsafe_l2',
        'safe_l2',
        'finalized_l2',
        'pending_safe_l2',
        'cross_unsafe_l2',
        'local_safe_l2',
      ].sort(),
    )
    expect(json.unsafe_l2).toMatchObject({ number: 2, l1origin: { number: 0 }, sequenceNumber: 2 })
    expect(json.safe_l1).toEqual({
      hash: `0x${'00'.repeat(32)}`,
      number: 0,
      parentHash: `0x${'00'.repeat(32)}`,
      timestamp: 0,
    })
    expect(syncStatusFromJson(json)).toEqual(node.syncStatus())
  })

  it('answers config and version', async () => {
    world = new World()
    const node = await world.node({ rpc: open, version: 'v1.2.3-test' })
    const rpc = clientOf(node)
    expect(rollupConfigFromJson(await rpc.request('optimism_rollupConfig'))).toMatchObject(world.config)
    expect(await rpc.request('optimism_version')).toBe('v1.2.3-test')
    expect(await (await fetch(`${node.rpcUrl}/healthz`)).json()).toEqual({ version: 'v1.2.3-test' })
  })

  it('gives the output root of a block (Isthmus: from the header)', async () => {
    world = new World({ forks: forksThrough('isthmus') })
    const node = await world.node({ sequencer: {}, rpc: open })
    await world.advance(4)
    const rpc = clientOf(node)
    const output = await rpc.request<Record<string, unknown>>('optimism_outputAtBlock', ['0x1'])
    const [block] = await blocksOf(node)
    const { stateRoot, withdrawalsRoot, blockHash } = block!.executionPayload
    expect(output).toMatchObject({
      outputRoot: outputRoot({ stateRoot, messagePasserStorageRoot: withdrawalsRoot!, blockHash }),
      withdrawalStorageRoot: withdrawalsRoot,
      stateRoot,
      blockRef: { number: 1, hash: blockHash },
    })
    expect(await messageOf(rpc.request('optimism_outputAtBlock', ['0x64']))).toMatch(
      'failed to get L2 block ref with sync status',
    )
  })

  it('[PRO-006] gives the output root of what the L2 chain is after an L1 reorg, by the same rule', async () => {
    world = new World({ forks: forksThrough('isthmus') })
    const node = await world.node({ sequencer: { l1Confs: 0n }, rpc: open })
    await world.advance(12)
    await world.mine()
    await world.advance(12)
    const outputs = async () => {
      const blocks = await blocksOf(node)
      const answers = blocks.map(({ executionPayload: { blockNumber } }) =>
        clientOf(node).request<{ outputRoot: string }>('optimism_outputAtBlock', [`0x${blockNumber.toString(16)}`]),
      )
      const ours = blocks.map(({ executionPayload: { stateRoot, withdrawalsRoot, blockHash } }) =>
        outputRoot({ stateRoot, messagePasserStorageRoot: withdrawalsRoot!, blockHash }),
      )
      expect((await Promise.all(answers)).map((answer) => answer.outputRoot)).toEqual(ours)
      return ours
    }
    const before = await outputs()
    expect(node.syncStatus().unsafeL2.l1Origin.number).toBe(1n)
    world.l1.reorg(0n, 'b')
    for (let i = 0; i < 4; i++) await world.mine()
    await world.advance(16)
    const after = await outputs()
    expect(after[0]).toBe(before[0])
    expect(after).not.toContain(before.at(-1))
  })

  it('refuses wrong parameters with -32602', async () => {
    world = new World()
    const rpc = clientOf(await world.node({ rpc: open }))
    expect(await codeOf(rpc.request('optimism_outputAtBlock', [5]))).toBe(-32602)
    expect(await codeOf(rpc.request('optimism_outputAtBlock', ['latest']))).toBe(-32602)
    expect(await codeOf(rpc.request('optimism_outputAtBlock', []))).toBe(-32602)
    expect(await codeOf(rpc.request('optimism_syncStatus', [1]))).toBe(-32602)
    expect(await codeOf(rpc.request('admin_startSequencer', ['0x11']))).toBe(-32602)
    expect(await codeOf(rpc.request('optimism_nothing'))).toBe(-32601)
  })

  it('does not serve admin methods unless asked to', async () => {
    world = new World()
    const node = await world.node({ rpc: { ...open, enableAdmin: false } })
    expect(await codeOf(clientOf(node).request('admin_sequencerActive'))).toBe(-32601)
  })

  it('starts and stops the sequencer over the wire, and remembers it', async () => {
    world = new World()
    const folder = await mkdtemp(join(tmpdir(), 'keelson-node-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const adminStatePath = join(folder, 'state.json')
    const node = await world.node({ sequencer: { stopped: true }, rpc: open, adminStatePath })
    const rpc = clientOf(node)
    expect(await rpc.request('admin_sequencerActive')).toBe(false)
    expect(await rpc.request('admin_startSequencer', [world.config.genesis.l2.hash])).toBeNull()
    expect(await rpc.request('admin_sequencerActive')).toBe(true)
    expect(await messageOf(rpc.request('admin_startSequencer', [world.config.genesis.l2.hash]))).toBe(
      'sequencer already running',
    )
    await node.close()
    const again = await world.restarted(node, { sequencer: { stopped: true }, rpc: open, adminStatePath })
    expect(again.sequencer?.active).toBe(true)
  })

  it('gives the safe head at an L1 block from the database', async () => {
    world = new World()
    const folder = await mkdtemp(join(tmpdir(), 'keelson-node-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const sequencer = await world.node({ sequencer: {} })
    const node = await world.node({ rpc: open, safeDbPath: folder })
    await world.advance(4)
    const l1 = await world.mine(batcherTransaction(world.config, await blocksOf(sequencer)))
    const rpc = clientOf(node)
    expect(await rpc.request('optimism_safeHeadAtL1Block', ['0x1'])).toEqual({
      l1Block: { hash: l1.hash, number: 1 },
      safeHead: { hash: sequencer.syncStatus().safeL2.hash, number: 2 },
    })
    expect(await rpc.request('optimism_safeHeadAtL1Block', ['0x0'])).toMatchObject({ safeHead: { number: 0 } })
  })

  it('says that there is no safe head database', async () => {
    world = new World()
    const rpc = clientOf(await world.node({ rpc: open }))
    expect(await messageOf(rpc.request('optimism_safeHeadAtL1Block', ['0x1']))).toBe(
      'failed to get safe head at l1 block 0x1: safe head database not enabled',
    )
  })

  it('explains what the node does and what went wrong', async () => {
    world = new World()
    const node = await world.node({ rpc: open, sequencer: {} })
    const rpc = clientOf(node)
    const explain = () => rpc.request<Record<string, unknown>>('keelson_explain')
    expect(await explain()).toMatchObject({
      doing: 'waiting for L1 block 1',
      engine: { sync: 'consensusLayer' },
      drops: [],
    })
    world.l1.reorg(0n, 'b')
    world.l1.goDown()
    node.driver.post(() => node.driver.emit({ type: 'reset-event', error: new Error('for the test') }))
    await world.settle()
    expect(await explain()).toMatchObject({
      doing: expect.stringMatching(/^waiting to try again: could not read/),
      resets: [{ reason: 'for the test' }],
      errors: [{ kind: 'error', code: 'unreachable', count: 2 }],
    })
  })
})

describe('start', () => {
  it('refuses a config for another L1, naming field, expected and found', async () => {
    world = new World()
    world.l1.chainId = 5n
    await expect(world.node()).rejects.toThrow(
      'cannot start L1: rollup config field l1_chain_id does not match the L1 RPC: expected 900, found 5',
    )
  })

  it('refuses an engine with another genesis', async () => {
    world = new World()
    const { FakeEngine, fakeChain } = await import('@keelson/engine/testing')
    const other = fakeChain({ forks: forksThrough('jovian') })
    const engine = new FakeEngine({ config: world.config, genesis: other.genesis })
    await expect(world.node({ engine })).rejects.toThrow(
      `genesis.l2.hash does not match block 0 of the engine: expected ${world.config.genesis.l2.hash}, found ${other.genesis.executionPayload.blockHash}`,
    )
  })

  it('waits for an L1 that is not there yet', async () => {
    world = new World()
    world.l1.goDown()
    const starting = world.node()
    await world.clock.advance(5_000)
    expect(world.nodes[0]?.explain().activity.doing).toBe('waiting for L1')
    expect(world.nodes[0]?.lines.filter(({ message }) => message === 'Waiting for the L1 RPC')).toHaveLength(1)
    world.l1.down = null
    await world.clock.advance(6_000)
    const node = await starting
    expect(node.syncStatus().headL1.number).toBe(0n)
  })

  it('stops while it waits, when told to', async () => {
    world = new World()
    world.l1.goDown()
    const stop = new AbortController()
    const starting = world.node({}, stop.signal)
    await world.clock.advance(1_000)
    stop.abort(new Error('stopped by the user'))
    await expect(starting).rejects.toThrow('stopped by the user')
  })

  it('names the port that is taken and its flag', async () => {
    world = new World()
    const first = await world.node({ rpc: open })
    const port = Number(new URL(first.rpcUrl ?? '').port)
    await expect(world.node({ rpc: { ...open, port } })).rejects.toThrow(
      /port \d+ is already in use; choose another with --rpc.port/,
    )
  })
})
