import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from './binaries.ts'
import { expectSameChain, hashAt } from './compare.ts'
import { type InteropChain, startInteropChain } from './interopChain.ts'
import { keelsonEngine, keelsonNode } from './keelson.ts'
import { opBatcher, opGeth, opNode, type Replica } from './programs.ts'
import { startSidecarBeacon } from './sidecarBeacon.ts'
import { sendTraffic, type Traffic } from './traffic.ts'

describeWith(
  ['OP_GETH_BIN', 'OP_NODE_BIN', 'OP_BATCHER_BIN'],
  'a chain that Keelson sequences on op-geth and op-batcher writes to L1',
  (binaries) => {
    describe.each(['calldata', 'blobs'])('in %s', (dataAvailabilityType) => {
      let chain: InteropChain
      let sequencer: Replica
      let traffic: Traffic
      beforeAll(async () => {
        chain = await startInteropChain()
        const engine = await opGeth(chain, binaries.OP_GETH_BIN)
        sequencer = { engine, node: await keelsonNode(chain, { engine, sequencer: true, peers: null }) }
        const extra = ['--data-availability-type', dataAvailabilityType]
        await opBatcher(chain, binaries.OP_BATCHER_BIN, { ...sequencer, extra })
        traffic = await sendTraffic(chain, engine)
      })
      afterAll(() => chain?.close())

      const agrees = (verifier: Replica) => expectSameChain(sequencer, verifier, traffic.lastBlock)

      it('begins with the genesis block of rollup.json', async () => {
        expect(await hashAt(sequencer.engine, 0n)).toBe(chain.l1.chain.rollup.genesis.l2.hash)
      })

      it('is derived by op-node on the embedded engine', async () => {
        const beacon = await startSidecarBeacon(chain)
        const engine = await keelsonEngine(chain, 'embedded')
        await agrees({ engine, node: await opNode(chain, binaries.OP_NODE_BIN, { engine, beacon }) })
      })

      it('is derived by Keelson on op-geth', async () => {
        const engine = await opGeth(chain, binaries.OP_GETH_BIN)
        await agrees({ engine, node: await keelsonNode(chain, { engine, peers: null }) })
      })
    })
  },
)
