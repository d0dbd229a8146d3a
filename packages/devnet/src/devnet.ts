import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createBlobCrypto } from '@keelson/l1'
import { createLifecycle, type Lifecycle, type Logger, nullLogger } from '@keelson/service'
import { readOrCreateJwtSecret } from '@keelson/service/node'
import { bytesToHex } from 'viem'
import { DEV_ACCOUNT_COUNT, devAccount, privateKeyOf, roleAccount } from './accounts.ts'
import type { DevnetHeads, DevnetInfo, NodeEndpoints } from './info.ts'
import { type DevnetBatcher, startBatcher } from './stack/batcherService.ts'
import { type EngineService, startEngine } from './stack/engineService.ts'
import { type ExplorerServer, startExplorer } from './stack/explorerService.ts'
import { type ChainParameters, type L1Chain, startL1Chain } from './stack/l1Chain.ts'
import { type NodeService, startNode } from './stack/nodeService.ts'
import { startProposer } from './stack/proposerService.ts'

export type DevnetOptions = ChainParameters & {
  readonly l1ChainId: bigint
  readonly l1BlockTimeSeconds: number
  readonly slotsInAnEpoch?: number
  readonly dataAvailabilityType: 'blobs' | 'calldata'
  /** Made anew: what an earlier devnet left in it is deleted. */
  readonly dataDir: string
  /** First ports of L1, sequencer and verifier; `0`: any free ones. */
  readonly ports: {
    readonly l1: number
    readonly sequencer: number
    readonly verifier: number
    readonly explorer: number
  }
  /** Whether the batcher runs from the start; tests take it away. */
  readonly batcher?: boolean
  /** Where the nodes and the batcher reach L1, given its own URL; tests put a proxy in between. */
  readonly l1Via?: (url: string) => Promise<string>
  /** Ends the start; a devnet that has started is closed by its `close`. */
  readonly signal?: AbortSignal
  readonly log?: Logger
}

/** One L2 node: engine and rollup node. */
export type DevnetNode = { readonly engine: EngineService; readonly node: NodeService }

/** A running devnet. */
export type Devnet = {
  readonly info: DevnetInfo
  readonly l1: L1Chain
  readonly sequencer: DevnetNode
  readonly verifier: DevnetNode
  /** `null` when it was not asked for. */
  readonly batcher: DevnetBatcher | null
  readonly jwtSecret: Uint8Array
  heads(): DevnetHeads
  /** Resolves with the error that stopped a node; never while all is well. */
  readonly failed: Promise<Error>
  close(): Promise<void>
}

/** Written into every data folder, so that only a devnet's own folder is ever deleted. */
const MARKER = 'devnet.json'

/**
 * Starts L1, contracts, two engines, sequencer, verifier, batcher and proposer in this process (L1 in its own), in this order.
 *
 * @throws {StartupError} names the step that failed, or was to come when the signal aborted; what was open is closed again
 */
export async function startDevnet(options: DevnetOptions): Promise<Devnet> {
  const { log = nullLogger, ports, l1BlockTimeSeconds, signal } = options
  const dataDir = resolve(options.dataDir)
  const life = createLifecycle(log, { signal })
  const l1 = await life.step(
    'L1 and its contracts',
    async () => {
      await prepareFolder(dataDir)
      return startL1Chain({ ...options, dataDir, l1Port: ports.l1 })
    },
    ({ anvil }) => anvil.close(),
  )
  const jwtSecret = await life.step('the JWT secret', () => readOrCreateJwtSecret(join(dataDir, 'jwt.txt')))
  const blobCrypto = await life.step('blob cryptography', createBlobCrypto, (crypto) => crypto.close())
  const { chain, anvil } = l1
  const { l1Via } = options
  const l1Rpc = l1Via ? await life.step('the way to L1', () => l1Via(anvil.url)) : anvil.url
  const shared = { genesis: chain.genesis, jwtSecret }
  const startNodeWith = (
    name: string,
    engine: EngineService,
    part: Pick<Parameters<typeof startNode>[0], 'sequencer' | 'peers'>,
    port: number,
  ) =>
    startNode({
      config: chain.rollup,
      l1Config: chain.l1,
      l1Rpc,
      beacon: l1Rpc,
      l1BlockTimeSeconds,
      engineApi: engine.engineApi,
      jwtSecret,
      blobCrypto,
      rpcPort: port && port + 2,
      metricsPort: port && port + 4,
      safeDbPath: join(dataDir, name, 'safedb'),
      signal,
      log: log.child({ node: name }),
      ...part,
    })
  const startEngineAt = (name: string, port: number, sequencerUrl?: string) =>
    life.step(
      `the ${name}'s engine`,
      () =>
        startEngine({
          ...shared,
          dataDir: join(dataDir, name, 'engine'),
          rpcPort: port,
          engineApiPort: port && port + 3,
          ...(sequencerUrl === undefined ? {} : { sequencerUrl }),
          log: log.child({ engine: name }),
        }),
      (engine) => engine.close(),
    )

  const sequencerEngine = await startEngineAt('sequencer', ports.sequencer)
  const sequencerNode = await life.step(
    'the sequencer',
    () =>
      startNodeWith(
        'sequencer',
        sequencerEngine,
        { sequencer: { l1Confs: 0n, blockSigningKey: privateKeyOf(roleAccount('sequencer')) }, peers: [] },
        ports.sequencer,
      ),
    (node) => node.close(),
  )
  await life.step('L1 mining', () => anvil.startMining())
  const verifierEngine = await startEngineAt('verifier', ports.verifier, sequencerEngine.rpc)
  const verifierNode = await life.step(
    'the verifier',
    () =>
      startNodeWith(
        'verifier',
        verifierEngine,
        { sequencer: null, peers: sequencerNode.multiaddr ? [sequencerNode.multiaddr] : [] },
        ports.verifier,
      ),
    (node) => node.close(),
  )
  const batcher =
    options.batcher === false
      ? null
      : await life.step(
          'the batcher',
          () =>
            startBatcher({
              l1Rpc,
              l2Rpc: sequencerEngine.rpc,
              rollupRpc: sequencerNode.rollupRpc,
              privateKey: bytesToHex(privateKeyOf(roleAccount('batcher'))),
              dataAvailabilityType: options.dataAvailabilityType,
              l1BlockTimeSeconds,
              blobCrypto,
              signal,
              log: log.child({ service: 'batcher' }),
            }),
          (service) => service.close(),
        )
  await life.step(
    'the proposer',
    () =>
      startProposer({
        l1Rpc,
        rollupRpc: verifierNode.rollupRpc,
        privateKey: bytesToHex(privateKeyOf(roleAccount('proposer'))),
        l2OutputOracle: l1.contracts.L2OutputOracle,
        l1BlockTimeSeconds,
        signal,
        log: log.child({ service: 'proposer' }),
      }),
    (service) => service.close(),
  )
  const sequencer: DevnetNode = { engine: sequencerEngine, node: sequencerNode }
  const verifier: DevnetNode = { engine: verifierEngine, node: verifierNode }
  const endpoints = { sequencer: endpointsOf(sequencer), verifier: endpointsOf(verifier) }
  const explorer = await openExplorer(life, endpoints, ports.explorer)
  const info: DevnetInfo = {
    l1ChainId: Number(chain.rollup.l1ChainId),
    l2ChainId: Number(chain.rollup.l2ChainId),
    l1: { rpc: anvil.url, beacon: anvil.beaconUrl },
    ...endpoints,
    explorer: explorer.url,
    contracts: l1.contracts,
    accounts: Array.from({ length: DEV_ACCOUNT_COUNT }, (_, i) => devAccount(i)).map((account) => ({
      address: account.address,
      privateKey: bytesToHex(privateKeyOf(account)),
    })),
    dataDir,
  }
  await life.step('what is told of it', () => writeFile(join(dataDir, MARKER), `${JSON.stringify(info, null, 2)}\n`))
  return {
    info,
    l1,
    sequencer,
    verifier,
    batcher,
    jwtSecret,
    heads: () => headsOf(sequencer, verifier),
    failed: Promise.race([sequencer, verifier].map(({ node }) => node.node.stopped)).then((error) =>
      error ? error : new Promise<never>(() => {}),
    ),
    close: () => life.close(),
  }
}

async function openExplorer(
  life: Lifecycle,
  nodes: Readonly<Record<string, NodeEndpoints>>,
  port: number,
): Promise<ExplorerServer> {
  const watched = Object.entries(nodes).map(([name, { rollupRpc, rpc }]) => ({ name, rollupRpc, ethRpc: rpc }))
  return life.step(
    'the explorer',
    () => startExplorer(watched, port),
    (server) => server.close(),
  )
}

function endpointsOf({ engine, node }: DevnetNode): NodeEndpoints {
  return {
    rpc: engine.rpc,
    ws: engine.ws,
    rollupRpc: node.rollupRpc,
    engineApi: engine.engineApi,
    metrics: node.metrics,
    p2p: node.multiaddr,
  }
}

function headsOf(sequencer: DevnetNode, verifier: DevnetNode): DevnetHeads {
  const of = ({ node }: DevnetNode) => {
    const { unsafeL2, safeL2, finalizedL2 } = node.node.syncStatus()
    return { unsafe: unsafeL2.number, safe: safeL2.number, finalized: finalizedL2.number }
  }
  return { l1: verifier.node.node.syncStatus().headL1.number, sequencer: of(sequencer), verifier: of(verifier) }
}

/** Empties the folder of an earlier devnet; a folder with anything else in it is left alone. */
async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const isOurs = await readFile(join(folder, MARKER)).then(
    () => true,
    () => false,
  )
  const names = await readdir(folder)
  if (names.length > 0 && !isOurs) {
    throw new Error(`the data folder ${folder} is not empty and holds no ${MARKER}: name another one with --datadir`)
  }
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })))
  await writeFile(join(folder, MARKER), '{}\n')
}
