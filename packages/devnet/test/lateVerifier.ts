import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBlobCrypto } from '@keelson/l1'
import { type Devnet, type DevnetNode, startEngine, startNode } from '../src/index.ts'
import { testLog } from './support.ts'

/** A verifier of a running devnet that sees nothing but L1: a new engine, no P2P. */
export async function startLateVerifier({ l1, jwtSecret }: Devnet): Promise<DevnetNode> {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-late-'))
  const log = testLog()
  const engine = await startEngine({
    genesis: l1.chain.genesis,
    dataDir: join(folder, 'engine'),
    jwtSecret,
    rpcPort: 0,
    engineApiPort: 0,
    log: log.child({ engine: 'late' }),
  })
  const blobCrypto = createBlobCrypto()
  const node = await startNode({
    config: l1.chain.rollup,
    l1Config: l1.chain.l1,
    l1Rpc: l1.anvil.url,
    beacon: l1.anvil.beaconUrl,
    l1BlockTimeSeconds: 1,
    engineApi: engine.engineApi,
    jwtSecret,
    blobCrypto,
    rpcPort: 0,
    metricsPort: 0,
    sequencer: null,
    peers: null,
    log: log.child({ node: 'late' }),
  })
  return {
    engine,
    node: {
      ...node,
      close: async () => {
        await node.close()
        await blobCrypto.close()
      },
    },
  }
}
