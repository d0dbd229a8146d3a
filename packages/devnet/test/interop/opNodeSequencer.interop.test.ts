import { afterAll, beforeAll, describe, it } from 'vitest'
import { describeWith } from './binaries.ts'
import { expectSameChain, untilHead } from './compare.ts'
import { type InteropChain, startInteropChain } from './interopChain.ts'
import { keelsonBatcher, keelsonEngine, keelsonNode } from './keelson.ts'
import { opGeth, opNode, type Replica } from './programs.ts'
import { startSidecarBeacon } from './sidecarBeacon.ts'
import { sendTraffic, type Traffic } from './traffic.ts'

describeWith(
  ['OP_GETH_BIN', 'OP_NODE_BIN'],
  'a chain that op-node sequences on the embedded engine and Keelson writes to L1',
  (binaries) => {
    describe.each(['calldata', 'blobs'] as const)('in %s', (dataAvailabilityType) => {
      let chain: InteropChain
      let sequencer: Replica
      let traffic: Traffic
      let beacon: string
      beforeAll(async () => {
        chain = await startInteropChain()
        beacon = await startSidecarBeacon(chain)
        const engine = await keelsonEngine(chain, 'sequencer')
        sequencer = { engine, node: await opNode(chain, binaries.OP_NODE_BIN, { engine, beacon, sequencer: true }) }
        await keelsonBatcher(chain, { ...sequencer, dataAvailabilityType })
        traffic = await sendTraffic(chain, engine)
      })
      afterAll(() => chain?.close())

      const agrees = (verifier: Replica) => expectSameChain(sequencer, verifier, traffic.lastBlock)

      it('becomes safe for op-node itself', async () => {
        await untilHead(sequencer.node, 'safeL2', traffic.lastBlock)
      })

      it('is derived by op-node on op-geth', async () => {
        const engine = await opGeth(chain, binaries.OP_GETH_BIN)
        await agrees({ engine, node: await opNode(chain, binaries.OP_NODE_BIN, { engine, beacon }) })
      })

      it('is derived by Keelson on op-geth', async () => {
        const engine = await opGeth(chain, binaries.OP_GETH_BIN)
        await agrees({ engine, node: await keelsonNode(chain, { engine, peers: null }) })
      })
    })
  },
)
