import { afterEach, expect, it } from 'vitest'
import { rpc, syncStatus } from '../support.ts'
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
  afterEach(() => chain?.close())

  const start = async (who: 'keelson' | 'op-node', sequencer: boolean, peers: Replica[]): Promise<Replica> => {
    const engine = await keelsonEngine(chain, `engine-${peers.map(peerIdOf).join('-')}`)
    const options = { engine, sequencer, peers: peers.map(({ node }) => node.multiaddr) }
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
  const shows = async (node: Replica, peer: Replica) => {
    const id = peerIdOf(peer)
    const { peers } = await rpc<{ peers: Record<string, unknown> }>(node.node.rollupRpc, 'opp2p_peers', [true])
    expect(peers).toMatchObject({ [id]: { peerID: id, connectedness: 1, gossipBlocks: true } })
  }

  it.each([
    ['keelson', 'op-node'],
    ['op-node', 'keelson'],
  ] as const)(
    'from %s go to a late %s and on to a later one behind it, by gossip and by request',
    async (first, second) => {
      chain = await startInteropChain()
      const sequencer = await start(first, true, [])
      await untilHead(sequencer.node, 'unsafeL2', GAP)
      const middle = await start(second, false, [sequencer])
      await follows(sequencer, middle)
      const last = await start(first, false, [middle])
      await follows(sequencer, last)
      await shows(sequencer, middle)
      await shows(middle, sequencer)
      await shows(last, middle)
    },
  )
})
