import { createPublicClient, http, parseAbi } from 'viem'
import { bytesToHex } from 'viem/utils'
import { afterEach, expect, it } from 'vitest'
import { privateKeyOf, roleAccount, startProposer } from '../../src/index.ts'
import { eventually, testLog } from '../support.ts'
import { describeWith } from './binaries.ts'
import { outputRoot } from './compare.ts'
import { type InteropChain, startInteropChain } from './interopChain.ts'
import { keelsonBatcher, keelsonEngine, keelsonNode } from './keelson.ts'
import { opNode, opProposer, type RollupNode } from './programs.ts'

const ORACLE = parseAbi([
  'function latestBlockNumber() view returns (uint256)',
  'function getL2OutputAfter(uint256) view returns ((bytes32 outputRoot, uint128 timestamp, uint128 l2BlockNumber))',
])

describeWith(['OP_NODE_BIN', 'OP_PROPOSER_BIN'], 'outputs on L1', (binaries) => {
  let chain: InteropChain
  afterEach(() => chain?.close())

  const start = async (sequencer: 'keelson' | 'op-node') => {
    chain = await startInteropChain()
    const engine = await keelsonEngine(chain, 'embedded')
    const node =
      sequencer === 'keelson'
        ? await keelsonNode(chain, { engine, sequencer: true, peers: null })
        : await opNode(chain, binaries.OP_NODE_BIN, { engine, sequencer: true })
    await keelsonBatcher(chain, { engine, node, dataAvailabilityType: 'calldata' })
    return node
  }
  /** The oracle gets an output, and it is that of the node. */
  const isProposed = async (node: RollupNode) => {
    const client = createPublicClient({ transport: http(chain.l1.anvil.url) })
    const oracle = { address: chain.l1.contracts.L2OutputOracle, abi: ORACLE } as const
    const number = await eventually('an output on L1', async () => {
      const latest = await client.readContract({ ...oracle, functionName: 'latestBlockNumber' })
      return latest > 0n && latest
    })
    const proposed = await client.readContract({ ...oracle, functionName: 'getL2OutputAfter', args: [number] })
    expect(proposed.l2BlockNumber).toBe(number)
    expect(proposed.outputRoot).toBe(await outputRoot(node, number))
  }

  it('are proposed by op-proposer, which asks Keelson', async () => {
    const node = await start('keelson')
    await opProposer(chain, binaries.OP_PROPOSER_BIN, node)
    await isProposed(node)
  })

  it('are proposed by Keelson, which asks op-node', async () => {
    const node = await start('op-node')
    chain.keep(
      await startProposer({
        l1Rpc: chain.l1.anvil.url,
        rollupRpc: node.rollupRpc,
        privateKey: bytesToHex(privateKeyOf(roleAccount('proposer'))),
        l2OutputOracle: chain.l1.contracts.L2OutputOracle,
        l1BlockTimeSeconds: 1,
        log: testLog(),
      }),
    )
    await isProposed(node)
  })
})
