import { afterEach, expect, it } from 'vitest'
import { describeWith } from './binaries.ts'
import { differing, untilHead } from './compare.ts'
import { type InteropChain, startInteropChain } from './interopChain.ts'
import { keelsonBatcher, keelsonEngine, keelsonNode } from './keelson.ts'
import { opGeth, opNode, type Replica } from './programs.ts'
import { sendTraffic } from './traffic.ts'

/** Each of these comes at a block of its own, some with transactions that upgrade contracts. */
const SCHEDULE = ['canyon=+4s', 'delta=+6s', 'ecotone=+9s', 'fjord=+13s', 'granite=+17s']
/** A block by which all have come. */
const AFTER = 25n

describeWith(['OP_GETH_BIN', 'OP_NODE_BIN'], 'a chain that crosses all forks from Canyon to Granite', (binaries) => {
  let chain: InteropChain
  afterEach(() => chain?.close())

  const start = {
    keelson: async (sequencer: boolean): Promise<Replica> => {
      const engine = await keelsonEngine(chain, 'embedded')
      return { engine, node: await keelsonNode(chain, { engine, sequencer, peers: null }) }
    },
    'op-node': async (sequencer: boolean): Promise<Replica> => {
      const engine = await opGeth(chain, binaries.OP_GETH_BIN)
      return { engine, node: await opNode(chain, binaries.OP_NODE_BIN, { engine, sequencer }) }
    },
  }

  it.each([
    ['keelson', 'op-node'],
    ['op-node', 'keelson'],
  ] as const)('has the same blocks for %s, which sequences, and %s, which derives', async (first, second) => {
    chain = await startInteropChain(SCHEDULE)
    const sequencer = await start[first](true)
    await keelsonBatcher(chain, { ...sequencer, dataAvailabilityType: 'calldata' })
    // The devnet's fee scalars are Ecotone's: before it, nobody could pay for L1.
    await untilHead(sequencer.node, 'unsafeL2', 11n)
    await sendTraffic(chain, sequencer.engine)
    const verifier = await start[second](false)
    const safe = await untilHead(verifier.node, 'safeL2', AFTER)
    expect(await differing(sequencer.engine, verifier.engine, safe)).toEqual([])
  })
})
