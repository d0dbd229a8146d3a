import { createEngineClient } from '@keelson/engine'
import { type BlobCrypto, createBeaconClient, createL1Client, createL1HeadTracker } from '@keelson/l1'
import { createRollupNode, type RollupNode, type SequencerConfig } from '@keelson/node'
import { createLocalSigner, createP2P, type P2P, type P2POptions, p2pRpcMethods } from '@keelson/p2p'
import type { L1ChainConfig, RollupConfig } from '@keelson/protocol'
import { createRpcClient, type Logger } from '@keelson/service'
import { createMetricRegistry, createMetricsServer } from '@keelson/service/node'

export type NodeServiceOptions = {
  readonly config: RollupConfig
  readonly l1Config: L1ChainConfig
  readonly l1Rpc: string
  readonly beacon: string
  readonly l1BlockTimeSeconds: number
  readonly engineApi: string
  readonly jwtSecret: Uint8Array
  readonly blobCrypto: BlobCrypto
  readonly rpcPort: number
  readonly metricsPort: number
  /** `null`: a verifier. */
  readonly sequencer: (SequencerConfig & { readonly blockSigningKey: Uint8Array }) | null
  /** Multiaddrs to keep connected to; `null`: no P2P at all. */
  readonly peers: readonly string[] | null
  /** Further choices about P2P; by default it listens on loopback and does no discovery. */
  readonly p2p?: Partial<P2POptions>
  readonly verifierL1Confs?: bigint
  readonly safeDbPath?: string
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined
  readonly log: Logger
}

/** A rollup node with what it needs of L1, its P2P network and its servers. */
export type NodeService = {
  readonly node: RollupNode
  readonly rollupRpc: string
  readonly metrics: string
  /** With peer id; `null` without P2P. */
  readonly multiaddr: string | null
  readonly p2p: () => P2P | null
  close(): Promise<void>
}

/** Builds a rollup node the way `keelson node` does, over HTTP to its engine and its L1, and starts it. */
export async function startNode(options: NodeServiceOptions): Promise<NodeService> {
  const { config, log, jwtSecret, l1BlockTimeSeconds, sequencer, peers } = options
  const metrics = createMetricRegistry({ prefix: 'op_node_default' })
  const l1 = createL1Client({
    rpc: createRpcClient({ url: options.l1Rpc, timeoutMs: 10_000, log, name: 'l1' }),
    log,
    metrics,
  })
  const tracker = createL1HeadTracker({
    l1,
    pollIntervalMs: Math.min(1_000, l1BlockTimeSeconds * 250),
    epochPollIntervalMs: l1BlockTimeSeconds * 1_000,
    log,
  })
  const blobs = createBeaconClient({
    url: options.beacon,
    crypto: options.blobCrypto,
    log,
  })
  const engine = createEngineClient({ url: options.engineApi, jwtSecret, config, log, metrics })
  let p2p: P2P | null = null
  let metricsUrl = ''
  const node = createRollupNode({
    config,
    l1Config: options.l1Config,
    l1: { client: l1, tracker },
    blobs,
    engine,
    verifierL1Confs: options.verifierL1Confs ?? 0n,
    sequencer,
    ...(options.safeDbPath === undefined ? {} : { safeDbPath: options.safeDbPath }),
    rpc: { host: '127.0.0.1', port: options.rpcPort, enableAdmin: true },
    gossip:
      peers === null
        ? null
        : async (parts) => {
            p2p = await createP2P({
              config,
              ...parts,
              ...(sequencer && { signer: createLocalSigner(sequencer.blockSigningKey) }),
              options: { listenIp: '127.0.0.1', staticPeers: peers, ...options.p2p },
              log,
              metrics,
            })
            return Object.assign(Object.create(p2p) as P2P, { rpcMethods: p2pRpcMethods(p2p) })
          },
    servers: [
      {
        name: 'the metrics server',
        open: async () => {
          const server = await createMetricsServer({ host: '127.0.0.1', port: options.metricsPort, registry: metrics })
          metricsUrl = server.url
          return server
        },
      },
    ],
    log,
    metrics,
  })
  try {
    await node.start(options.signal)
  } catch (error) {
    l1.close()
    throw error
  }
  return {
    node,
    rollupRpc: node.rpcUrl ?? '',
    metrics: `${metricsUrl}/metrics`,
    multiaddr: (p2p as P2P | null)?.multiaddrs()[0] ?? null,
    p2p: () => p2p,
    async close() {
      await node.close()
      l1.close()
    },
  }
}
