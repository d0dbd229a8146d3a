import { join } from 'node:path'
import { bytesToHex } from 'viem'
import { privateKeyOf, roleAccount, startBatcher, startEngine, startNode } from '../../src/index.ts'
import { testLog } from '../support.ts'
import type { InteropChain } from './interopChain.ts'
import type { Engine, Replica, RollupNode } from './programs.ts'

/** Starts an embedded engine on the chain. */
export async function keelsonEngine(chain: InteropChain, name: string): Promise<Engine> {
  return chain.keep(
    await startEngine({
      genesis: chain.l1.chain.genesis,
      dataDir: join(chain.folder, name),
      jwtSecret: chain.jwtSecret,
      rpcPort: 0,
      engineApiPort: 0,
      log: testLog().child({ engine: name }),
    }),
  )
}

export type KeelsonNodeOptions = {
  readonly engine: Engine
  readonly sequencer?: boolean
  /** Multiaddrs to stay connected to; `null`: no P2P at all. */
  readonly peers: readonly string[] | null
  /** Records of nodes to begin discovery with; absent: no discovery. */
  readonly bootnodes?: readonly string[]
}

/** Starts Keelson's rollup node, as a verifier unless it is to sequence. */
export async function keelsonNode(chain: InteropChain, options: KeelsonNodeOptions): Promise<RollupNode> {
  const { l1 } = chain
  const node = await startNode({
    config: l1.chain.rollup,
    l1Config: l1.chain.l1,
    l1Rpc: l1.anvil.url,
    beacon: l1.anvil.beaconUrl,
    l1BlockTimeSeconds: 1,
    engineApi: options.engine.engineApi,
    jwtSecret: chain.jwtSecret,
    blobCrypto: chain.blobCrypto,
    rpcPort: 0,
    metricsPort: 0,
    sequencer: options.sequencer ? { l1Confs: 0n, blockSigningKey: privateKeyOf(roleAccount('sequencer')) } : null,
    peers: options.peers,
    ...(options.bootnodes && { p2p: { discovery: true, bootnodes: options.bootnodes } }),
    log: testLog().child({ node: options.sequencer ? 'sequencer' : 'verifier' }),
  })
  chain.keep(node)
  return { rollupRpc: node.rollupRpc, multiaddr: node.multiaddr ?? '' }
}

/** Starts Keelson's batcher. */
export async function keelsonBatcher(
  chain: InteropChain,
  parts: Replica & { readonly dataAvailabilityType: 'blobs' | 'calldata' },
): Promise<void> {
  const { engine, node, dataAvailabilityType } = parts
  chain.keep(
    await startBatcher({
      l1Rpc: chain.l1.anvil.url,
      l2Rpc: engine.rpc,
      rollupRpc: node.rollupRpc,
      privateKey: bytesToHex(privateKeyOf(roleAccount('batcher'))),
      dataAvailabilityType,
      l1BlockTimeSeconds: 1,
      blobCrypto: chain.blobCrypto,
      log: testLog().child({ service: 'batcher' }),
    }),
  )
}
