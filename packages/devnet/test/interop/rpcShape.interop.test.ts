import type { Hash } from '@keelson/protocol'
import { RpcError } from '@keelson/service'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rpc } from '../support.ts'
import { describeWith } from './binaries.ts'
import { hashAt, untilHead } from './compare.ts'
import { ethRpcCalls } from './ethRpcCalls.ts'
import { type InteropChain, startInteropChain } from './interopChain.ts'
import { keelsonBatcher, keelsonEngine, keelsonNode } from './keelson.ts'
import { opGeth, opNode, type Replica } from './programs.ts'
import { sendTraffic, type Traffic } from './traffic.ts'

/** Fields that later versions of op-geth have given to its answers, and Keelson has. */
const LATER_FIELDS = new Set(['blockTimestamp', 'index'])

/** An answer, or the code, message and data of an error, without what depends on the version of op-geth. */
async function outcome(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const answer = await rpc(url, method, params).catch((error: unknown) => {
    if (!(error instanceof RpcError)) throw error
    return { code: error.code, message: error.message, data: error.data }
  })
  return JSON.parse(JSON.stringify(answer), (key, value) => {
    if (LATER_FIELDS.has(key)) return undefined
    // Traces of opcodes had no `0x` before their return value once.
    return key === 'returnValue' ? value.replace(/^0x/, '') : value
  })
}

/** The shape of JSON: its keys, and the type of each leaf. Lists count by what their items are like. */
function shape(json: unknown): unknown {
  if (Array.isArray(json)) return [...new Set(json.map((item) => JSON.stringify(shape(item))))].sort()
  if (typeof json !== 'object' || json === null) return json === null ? 'null' : typeof json
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, shape(value)]))
}

describeWith(['OP_GETH_BIN', 'OP_NODE_BIN'], 'JSON-RPC of Keelson and of the programs it stands in for', (binaries) => {
  let chain: InteropChain
  let ours: Replica
  let theirs: Replica
  let traffic: Traffic
  beforeAll(async () => {
    chain = await startInteropChain()
    const engine = await keelsonEngine(chain, 'embedded')
    ours = { engine, node: await keelsonNode(chain, { engine, sequencer: true, peers: [] }) }
    const geth = await opGeth(chain, binaries.OP_GETH_BIN)
    const node = await opNode(chain, binaries.OP_NODE_BIN, { engine: geth, peers: [ours.node.multiaddr] })
    theirs = { engine: geth, node }
    await keelsonBatcher(chain, { ...ours, dataAvailabilityType: 'calldata' })
    traffic = await sendTraffic(chain, engine)
    for (const replica of [ours, theirs]) await untilHead(replica.node, 'safeL2', traffic.lastBlock)
  })
  afterAll(() => chain?.close())

  it('the embedded engine answers as op-geth does', async () => {
    const hashes: Hash[] = []
    for (let number = 0n; number <= traffic.lastBlock; number++) {
      hashes.push((await hashAt(theirs.engine, number)) as Hash)
    }
    for (const [method, ...params] of ethRpcCalls(traffic, (number) => hashes[Number(number)] as Hash)) {
      const [actual, expected] = await Promise.all(
        [ours, theirs].map(({ engine }) => outcome(engine.rpc, method, params)),
      )
      expect.soft(actual, `${method} ${JSON.stringify(params)}`).toEqual(expected)
    }
  })

  const ask = (replica: Replica, method: string, ...params: unknown[]) =>
    rpc<Record<string, unknown>>(replica.node.rollupRpc, method, params)

  it('the node gives the output of a block and the status of the same shape as op-node', async () => {
    const [actual, expected] = await Promise.all(
      [ours, theirs].map((node) => ask(node, 'optimism_outputAtBlock', '0x5')),
    )
    const { syncStatus, ...output } = actual as Record<string, unknown>
    const { syncStatus: theirStatus, ...theirOutput } = expected as Record<string, unknown>
    expect(output).toEqual(theirOutput)
    expect(shape(syncStatus)).toEqual(shape(theirStatus))
    expect(shape(await ask(ours, 'optimism_syncStatus'))).toEqual(shape(await ask(theirs, 'optimism_syncStatus')))
    expect(typeof (await ask(ours, 'optimism_version'))).toBe(typeof (await ask(theirs, 'optimism_version')))
  })

  it('the node says of its rollup config all that op-node says', async () => {
    const { protocol_versions_address: _, ...config } = await ask(theirs, 'optimism_rollupConfig')
    expect(await ask(ours, 'optimism_rollupConfig')).toMatchObject(config)
  })

  it('the node tells of a peer what op-node tells of it', async () => {
    type Peers = { peers: Record<string, Record<string, unknown>> }
    const [actual, expected] = await Promise.all(
      [ours, theirs].map((node) => rpc<Peers>(node.node.rollupRpc, 'opp2p_peers', [true])),
    )
    const onlyPeer = ({ peers = {} }: Partial<Peers> = {}) => Object.values(peers)[0]
    expect(shape({ ...actual, peers: [] })).toEqual(shape({ ...expected, peers: [] }))
    expect(shape({ ...onlyPeer(actual), addresses: [], protocols: [] })).toEqual(
      shape({ ...onlyPeer(expected), addresses: [], protocols: [] }),
    )
    expect(shape(await ask(ours, 'opp2p_peerStats'))).toMatchObject(
      shape(await ask(theirs, 'opp2p_peerStats')) as Record<string, unknown>,
    )
  })

  it.each<[method: string, ...params: unknown[]]>([
    ['optimism_outputAtBlock', '0xffffff'],
    ['optimism_outputAtBlock'],
    ['optimism_safeHeadAtL1Block', '0x5'],
    ['admin_startSequencer'],
    ['admin_setLogLevel', 'nonesuch'],
    ['admin_setLogLevel', 'info'],
    ['admin_conductorEnabled'],
    ['admin_nothing'],
    ['opp2p_peers'],
    ['opp2p_discoveryTable'],
    ['opp2p_blockAddr', '1.2.3.4'],
    ['opp2p_listBlockedAddrs'],
    ['opp2p_blockSubnet', { IP: '10.0.0.0', Mask: '/wAAAA==' }],
    ['opp2p_listBlockedSubnets'],
    ['opp2p_connectPeer'],
    ['eth_chainId'],
  ])('the node answers %s as op-node does', async (method, ...params) => {
    const [actual, expected] = await Promise.all(
      [ours, theirs].map(({ node }) => outcome(node.rollupRpc, method, params)),
    )
    expect(actual).toEqual(expected)
  })
})
