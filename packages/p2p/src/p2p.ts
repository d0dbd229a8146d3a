import type { Address, ExecutionPayloadEnvelope, L2BlockRef, RollupConfig } from '@keelson/protocol'
import {
  type Clock,
  createLifecycle,
  every,
  type Lifecycle,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  systemClock,
} from '@keelson/service'
import { peerIdFromString } from '@libp2p/peer-id'
import { createAppScores } from './appScores.ts'
import type { BlockSigner } from './blockSigner.ts'
import { keepConnectionTides } from './connectionTides.ts'
import { type Discovery, startDiscovery } from './discovery.ts'
import { P2PError } from './errors.ts'
import { createGater, type Gater } from './gater.ts'
import { createBlockGossip, gossipOptions, rememberingDecoder } from './gossip.ts'
import { createHost, type Host, tcpAddress } from './host.ts'
import { createP2PMetrics } from './metrics.ts'
import { loadNodeKey } from './nodeKey.ts'
import { DEFAULT_P2P_OPTIONS, type P2POptions } from './options.ts'
import { payloadByNumberProtocol } from './payloadByNumber.ts'
import { monitorPeers } from './peerMonitor.ts'
import { createScorebook, type PeerScorebook, snapshotScores } from './peerScores.ts'
import { measureLatencies } from './pings.ts'
import { createReqRespClient } from './reqRespClient.ts'
import { createReqRespServer } from './reqRespServer.ts'
import { lightScoreParams, noScoreParams } from './scoreParams.ts'
import { restoreScores, saveScores } from './scoreStore.ts'
import { keepStaticPeers, parsePeerAddress } from './staticPeers.ts'
import { openStore } from './store.ts'
import { createSyncClient } from './syncClient.ts'
import { BLOCK_VERSIONS, blocksTopic } from './topics.ts'
import { createUnsafeSigner } from './unsafeSigner.ts'

export type P2PParts = {
  readonly config: RollupConfig
  /** What is left out is {@link DEFAULT_P2P_OPTIONS}. */
  readonly options?: Partial<P2POptions>
  /** The signer in the L1 SystemConfig as last read; `null` while unknown: then blocks are ignored. */
  readonly getUnsafeBlockSigner: () => Address | null
  /** The sequencer's key; without it `publish` rejects. */
  readonly signer?: BlockSigner
  /** Where blocks for other peers come from; `null` when we do not have one. Without it nothing is served. */
  readonly payloadByNumber?: (number: bigint) => Promise<ExecutionPayloadEnvelope | null>
  readonly log?: Logger
  readonly metrics?: MetricRegistry
  readonly clock?: Clock
  /** Whether memory is so short that peers should be let go. */
  readonly memoryShort?: () => boolean
}

/** Takes an unsafe block; `from` is the peer that sent it. For synced blocks a rejection keeps the block waiting. */
export type UnsafePayloadHandler = (envelope: ExecutionPayloadEnvelope, from: string) => void | Promise<void>

/** The P2P service: what it brings is unsafe data, of which derivation from L1 knows nothing. */
export interface P2P {
  readonly peerId: string
  /** Where others reach us, with our peer id. */
  multiaddrs(): string[]
  /** Blocks that peers gossiped or sent in answer to `requestRange`. The returned function ends it. */
  onUnsafePayload(handler: UnsafePayloadHandler): () => void
  /**
   * Signs and gossips a block.
   *
   * @throws {P2PError} `noSigner`, `publishRefused`
   */
  publish(envelope: ExecutionPayloadEnvelope): Promise<void>
  /** Asks peers for the blocks between two refs, both excluded. They come, or not, through `onUnsafePayload`. */
  requestRange(start: L2BlockRef, end: L2BlockRef): Promise<void>
  /** @param address - multiaddr that ends in /p2p/<peer id> */
  connectPeer(address: string): Promise<void>
  disconnectPeer(peerId: string): Promise<void>
  /** Ids of the connected peers. */
  peers(): string[]
  /** Resolves when at least `count` peers have told that they take blocks. */
  blockPeers(count: number, signal?: AbortSignal): Promise<void>
  protectPeer(peerId: string): void
  unprotectPeer(peerId: string): void
  isProtected(peerId: string): boolean
  /** Milliseconds of the last ping, 0 when unknown. */
  latencyOf(peerId: string): number
  readonly gater: Gater
  /** `null`: switched off. */
  readonly discovery: Discovery | null
  readonly scores: PeerScorebook
  /** For the RPC and for tests; not to be used for anything of the protocol. */
  readonly host: Host
  close(): Promise<void>
}

/** Requests for ranges that begin this long ago are dropped: L1 has those blocks. */
const MAX_RANGE_AGE_SECONDS = 12n * 60n * 60n
const CONNECT_LIMIT_MS = 30_000
const SCORE_SNAPSHOT_MS = 15_000
const COUNT_MS = 10_000

/**
 * Starts everything; a part that fails to start closes those before it.
 *
 * @throws {P2PError} for keys, ports and addresses that cannot be used
 */
export async function createP2P(parts: P2PParts): Promise<P2P> {
  const life = createLifecycle(parts.log ?? nullLogger)
  try {
    return await open(parts, life)
  } catch (error) {
    await life.close()
    // Which port is taken says more than which step failed.
    throw error instanceof Error && error.cause instanceof P2PError ? error.cause : error
  }
}

async function open(parts: P2PParts, life: Lifecycle): Promise<P2P> {
  const { config, log = nullLogger, clock = systemClock } = parts
  const options: P2POptions = { ...DEFAULT_P2P_OPTIONS, ...parts.options }
  const metrics = createP2PMetrics(parts.metrics ?? nullMetrics)
  const stopped = new AbortController()
  const handlers = new Set<UnsafePayloadHandler>()

  const staticPeers = options.staticPeers.map(parsePeerAddress)
  const staticIds = new Set(staticPeers.map((peer) => peer.id.toString()))
  const protectedIds = new Set<string>()
  const isProtected = (peerId: string) => staticIds.has(peerId) || protectedIds.has(peerId)

  const privateKey = await loadNodeKey(options.key)
  const { store, datastore } = await life.step(
    'the peerstore',
    () => openStore(options.peerstorePath),
    (opened) => opened.close(),
  )
  const gater = await createGater({ store, clock, metrics, log })
  const appScores = createAppScores(config.blockTime, clock)
  await restoreScores(store, appScores, clock, log)
  const decode = rememberingDecoder()
  const topics = BLOCK_VERSIONS.map((version) => blocksTopic(config.l2ChainId, version))
  const scoring = options.scoring === 'light'
  const scoreParams = scoring ? lightScoreParams(config.blockTime, appScores.scoreOf) : noScoreParams

  const host = await life.step(
    'the libp2p host',
    () =>
      createHost({
        options,
        privateKey,
        gater: gater.libp2p,
        datastore,
        gossip: gossipOptions({
          topics,
          mesh: options.mesh,
          floodPublish: options.floodPublish,
          scoreParams,
          decode,
          metrics,
        }),
        announce: announced(options),
      }),
    (opened) => opened.stop(),
  )
  const scores = createScorebook(host.services.pubsub, appScores, scoring)
  const connected = () => host.getPeers().map((peer) => peer.toString())

  const deliver = async (from: string, envelope: ExecutionPayloadEnvelope) => {
    for (const handler of handlers) await handler(envelope, from)
  }
  const gossip = createBlockGossip({
    config,
    pubsub: host.services.pubsub,
    unsafeSigner: createUnsafeSigner(parts.getUnsafeBlockSigner, () => clock.now()),
    signer: parts.signer,
    clock,
    log,
    metrics,
    maxAgeSeconds: BigInt(Math.ceil(options.gossipMaxAgeMs / 1000)),
    decode,
    onBlock: (from, envelope) => {
      deliver(from, envelope).catch((err: unknown) => log.error('Could not take a gossiped block', { err }))
    },
  })
  gossip.start()

  const sync = createSyncClient({
    request: createReqRespClient(host, config, clock, metrics),
    receive: deliver,
    scores: appScores,
    clock,
    log,
    metrics,
    onlyStatic: options.onlyReqToStatic,
  })
  const { payloadByNumber } = parts
  if (options.reqResp && payloadByNumber) {
    const serve = createReqRespServer({ config, payloadByNumber, clock, log, metrics })
    await host.handle(payloadByNumberProtocol(config.l2ChainId), serve)
  }

  host.addEventListener('peer:connect', ({ detail: peer }) => {
    const id = peer.toString()
    metrics.peerCount.set(connected().length)
    metrics.gossipEvents.inc({ type: 'ADD_PEER' })
    log.info('Connected to peer', { peer: id, addr: host.getConnections(peer)[0]?.remoteAddr.toString() })
    if (options.reqResp) sync.addPeer(id, staticIds.has(id))
  })
  host.addEventListener('peer:disconnect', ({ detail: peer }) => {
    metrics.peerCount.set(connected().length)
    metrics.gossipEvents.inc({ type: 'REMOVE_PEER' })
    log.info('Disconnected from peer', { peer: peer.toString() })
    sync.removePeer(peer.toString())
  })

  const discovery = options.discovery
    ? await life.step(
        'discovery',
        () => startDiscovery({ config, options, privateKey, host, clock, log }),
        (opened) => opened.close(),
      )
    : null

  const close = async (peerId: string) => {
    const connections = host.getConnections(peerIdFromString(peerId))
    await Promise.allSettled(connections.map((connection) => connection.close({ signal: AbortSignal.timeout(1000) })))
  }
  const timers: (() => void)[] = [
    keepStaticPeers(host, staticPeers, clock, log),
    keepConnectionTides(
      host,
      { lo: options.peersLo, hi: options.peersHi, graceMs: options.peersGraceMs },
      {
        clock,
        log,
        isProtected,
        scoreOf: scores.total,
        ...(parts.memoryShort ? { memoryShort: parts.memoryShort } : {}),
      },
    ),
    every(clock, SCORE_SNAPSHOT_MS, async () => {
      snapshotScores(metrics, connected(), scores)
      await saveScores(store, appScores, clock)
    }),
    every(clock, COUNT_MS, () => {
      metrics.peerCount.set(connected().length)
      metrics.streamCount.set(host.getConnections().reduce((sum, connection) => sum + connection.streams.length, 0))
    }),
  ]
  const pings = options.ping ? measureLatencies(host, clock, log, stopped.signal) : null
  if (pings) timers.push(pings.stop)
  if (scoring && options.banPeers) {
    timers.push(
      monitorPeers({
        clock,
        log,
        threshold: options.banThreshold,
        banDurationMs: options.banDurationMs,
        connected,
        scoreOf: scores.total,
        isStatic: (peerId) => staticIds.has(peerId),
        ban: async (peerId, until) => {
          await gater.banPeer(peerId, until)
          await close(peerId)
        },
      }),
    )
  }
  await life.step(
    'P2P timers',
    () => timers,
    async (all) => {
      stopped.abort(new P2PError('closed', {}))
      for (const stop of all) stop()
      sync.close()
      await saveScores(store, appScores, clock)
    },
  )

  return {
    peerId: host.peerId.toString(),
    multiaddrs: () => host.getMultiaddrs().map((address) => address.toString()),
    onUnsafePayload(handler) {
      handlers.add(handler)
      return () => void handlers.delete(handler)
    },
    publish: (envelope) => gossip.publish(envelope),
    async requestRange(start, end) {
      if (!options.reqResp) return
      const now = BigInt(Math.floor(clock.now() / 1000))
      if (start.timestamp + MAX_RANGE_AGE_SECONDS < now) {
        log.debug('Dropped a request for blocks that are too old to ask peers for', { start: start.number })
        return
      }
      await sync.requestRange(start, end)
    },
    async connectPeer(address) {
      await host.dial(parsePeerAddress(address).address, { signal: AbortSignal.timeout(CONNECT_LIMIT_MS) })
    },
    disconnectPeer: close,
    peers: connected,
    blockPeers: (count, signal) => gossip.peersAtLeast(count, signal),
    protectPeer: (peerId) => void protectedIds.add(peerId),
    unprotectPeer: (peerId) => void protectedIds.delete(peerId),
    isProtected,
    latencyOf: (peerId) => pings?.of(peerId) ?? 0,
    gater,
    discovery,
    scores,
    host,
    close: () => life.close(),
  }
}

/** The address to tell others, when it is not the one we listen on. */
const announced = ({ advertiseIp, advertiseTcpPort, listenTcpPort }: P2POptions): string[] => {
  const port = advertiseTcpPort || listenTcpPort
  return advertiseIp === undefined || port === 0 ? [] : [tcpAddress(advertiseIp, port)]
}
