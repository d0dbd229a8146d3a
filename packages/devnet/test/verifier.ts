import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBlobCrypto } from '@keelson/l1'
import { createLifecycle } from '@keelson/service'
import { type DevnetNode, type L1Chain, startEngine, startNode } from '../src/index.ts'
import { testLog } from './support.ts'

/** A verifier of a running chain: a new engine in a folder of its own, which goes with it. */
export async function startVerifier(parts: {
  /** In the log. */
  readonly name: string
  readonly l1: L1Chain
  readonly jwtSecret: Uint8Array
  /** `null`: it sees nothing but L1. */
  readonly peers: readonly string[] | null
}): Promise<DevnetNode & { close(): Promise<void> }> {
  const { name, l1, jwtSecret, peers } = parts
  const log = testLog()
  const life = createLifecycle(log)
  const close = (opened: { close(): Promise<void> }) => opened.close()
  const dataDir = await life.step(
    'the folder',
    () => mkdtemp(join(tmpdir(), `keelson-${name}-`)),
    (folder) => rm(folder, { recursive: true, force: true }),
  )
  const blobCrypto = await life.step('blob cryptography', createBlobCrypto, close)
  const engine = await life.step(
    'the engine',
    () =>
      startEngine({
        ...{ genesis: l1.chain.genesis, dataDir, jwtSecret, rpcPort: 0, engineApiPort: 0 },
        log: log.child({ engine: name }),
      }),
    close,
  )
  const node = await life.step(
    'the node',
    () =>
      startNode({
        config: l1.chain.rollup,
        l1Config: l1.chain.l1,
        l1Rpc: l1.anvil.url,
        beacon: l1.anvil.beaconUrl,
        l1BlockTimeSeconds: 1,
        engineApi: engine.engineApi,
        ...{ jwtSecret, blobCrypto, rpcPort: 0, metricsPort: 0, sequencer: null, peers },
        log: log.child({ node: name }),
      }),
    close,
  )
  return { engine, node, close: () => life.close() }
}
