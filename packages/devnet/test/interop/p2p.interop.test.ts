import { afterEach, expect, it } from 'vitest'
import { eventually, rpc, syncStatus } from '../support.ts'
import { describeWith } from './binaries.ts'
import { differing, untilHead } from './compare.ts'
import { type InteropChain, startInteropChain } from './interopChain.ts'
import { keelsonEngine, keelsonNode } from './keelson.ts'
import { opNode, type Replica } from './programs.ts'

/** Blocks that a node has missed when it joins. */
const GAP = 12n

const peerIdOf = ({ node }: Replica) => node.multiaddr.split('/').at(-1) as string

describeWith(['OP_NODE_BIN'], 'unsafe blocks between Keelson and op-node', (binaries) => {
  let chain: InteropChain
  let engines = 0
  afterEach(() => chain?.close())

  type Meeting = { sequencer?: boolean; peers?: Replica[]; bootnodes?: string[] }
  const start = async (who: 'keelson' | 'op-node', { peers = [], ...how }: Meeting): Promise<Replica> => {
    const engine = await keelsonEngine(chain, `engine-${++engines}`)
    const options = { ...how, engine, peers: peers.map(({ node }) => node.multiaddr) }
    const node =
      who === 'keelson' ? await keelsonNode(chain, options) : await opNode(chain, binaries.OP_NODE_BIN, { ...options })
    return { engine, node }
  }
  /** The node has blocks that it missed, and the ones that are new, though nothing is on L1. */
  const follows = async (sequencer: Replica, node: Replica) => {
    const { unsafeL2 } = await syncStatus(sequencer.node.rollupRpc)
    const head = await untilHead(node.node, 'unsafeL2', unsafeL2.number + 5n)
    expect(await differing(sequencer.engine, node.engine, head)).toEqual([])
    expect((await syncStatus(node.node.rollupRpc)).safeL2.number).toBe(0n)
  }
  const peersOf = async ({ node }: Replica) =>
    (await rpc<{ peers: Record<string, unknown> }>(node.rollupRpc, 'opp2p_peers', [true])).peers
  const shows = async (node: Replica, peer: Replica) => {
    const id = peerIdOf(peer)
    expect(await peersOf(node)).toMatchObject({ [id]: { peerID: id, connectedness: 1, gossipBlocks: true } })
  }

  it.each([
    ['keelson', 'op-node'],
    ['op-node', 'keelson'],
  ] as const)(
    'from %s go to a late %s and on to a later one behind it, by gossip and by request',
    async (first, second) => {
      chain = await startInteropChain()
      const sequencer = await start(first, { sequencer: true })
      await untilHead(sequencer.node, 'unsafeL2', GAP)
      const middle = await start(second, { peers: [sequencer] })
      await follows(sequencer, middle)
      const last = await start(first, { peers: [middle] })
      await follows(sequencer, last)
      await shows(sequencer, middle)
      await shows(middle, sequencer)
      await shows(last, middle)
    },
  )

  it("come to nodes that found one another by discv5: op-node from Keelson's record, Keelson from op-node's", async () => {
    chain = await startInteropChain()
    const recordOf = async ({ node }: Replica) => (await rpc<{ ENR: string }>(node.rollupRpc, 'opp2p_self')).ENR
    const sequencer = await start('keelson', { sequencer: true, bootnodes: [] })
    const middle = await start('op-node', { bootnodes: [await recordOf(sequencer)] })
    const last = await start('keelson', { bootnodes: [await recordOf(middle)] })
    for (const [node, peer] of [
      [middle, sequencer],
      [last, middle],
      [last, sequencer],
    ] as const) {
      await eventually('they are connected', async () => peerIdOf(peer) in (await peersOf(node)))
    }
    await follows(sequencer, last)
  })
})
