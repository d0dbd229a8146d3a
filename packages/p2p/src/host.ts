import { isIP } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { type GossipSub, type GossipsubOpts, gossipsub } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import { mplex } from '@libp2p/mplex'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import type { LevelDatastore } from 'datastore-level'
import { createLibp2p } from 'libp2p'
import { P2PError } from './errors.ts'
import type { P2POptions } from './options.ts'

export type Host = Libp2p<{ identify: Identify; ping: Ping; pubsub: GossipSub }>

export type HostParts = {
  readonly options: P2POptions
  readonly privateKey: PrivateKey
  readonly gater: ConnectionGater
  readonly datastore: LevelDatastore | null
  readonly gossip: Partial<GossipsubOpts>
  /** Multiaddr of the advertised address, if it is not the listening one. */
  readonly announce: readonly string[]
}

/** `/ip4/…/tcp/…` or `/ip6/…/tcp/…` */
export const tcpAddress = (ip: string, port: number) => `/${isIP(ip) === 6 ? 'ip6' : 'ip4'}/${ip}/tcp/${port}`

/**
 * The libp2p host of the OP Stack: TCP, Noise, yamux before mplex, identify, ping, gossipsub.
 *
 * @throws {P2PError} `portTaken`
 */
export async function createHost(parts: HostParts): Promise<Host> {
  const { options } = parts
  const muxers = { yamux: yamux(), mplex: mplex() }
  try {
    const host = await createLibp2p({
      start: false,
      privateKey: parts.privateKey,
      nodeInfo: { userAgent: options.userAgent },
      addresses: {
        listen: [tcpAddress(options.listenIp, options.listenTcpPort)],
        ...(parts.announce.length > 0 ? { appendAnnounce: [...parts.announce] } : {}),
      },
      transports: [tcp({ inboundSocketInactivityTimeout: 3_600_000, outboundSocketInactivityTimeout: 3_600_000 })],
      connectionEncrypters: [noise()],
      streamMuxers: options.muxers.map((name) => muxers[name]),
      connectionGater: parts.gater,
      connectionManager: {
        // The tides (connectionTides.ts) prune; this is only the wall behind them.
        maxConnections: Math.max(options.peersHi * 4, 100),
        inboundConnectionThreshold: 50,
        maxIncomingPendingConnections: 50,
        dialTimeout: options.dialTimeoutMs,
        inboundUpgradeTimeout: options.acceptTimeoutMs,
        inboundStreamProtocolNegotiationTimeout: options.negotiationTimeoutMs,
        outboundStreamProtocolNegotiationTimeout: options.negotiationTimeoutMs,
        reconnectRetries: 0,
      },
      // A peer that is slow to answer a ping is still a peer: pings here only measure.
      connectionMonitor: { enabled: false },
      ...(parts.datastore ? { datastore: parts.datastore } : {}),
      services: { identify: identify(), ping: ping(), pubsub: gossipsub(parts.gossip) },
    })
    await host.start()
    return host
  } catch (cause) {
    if (isAddressInUse(cause)) {
      throw new P2PError(
        'portTaken',
        { port: options.listenTcpPort, protocol: 'tcp', flag: 'p2p.listen.tcp' },
        { cause },
      )
    }
    throw cause
  }
}

/** libp2p says why it could not listen in the text or somewhere among the causes. */
function isAddressInUse(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (/EADDRINUSE/.test(error.message) || (error as NodeJS.ErrnoException).code === 'EADDRINUSE') return true
  if (error instanceof AggregateError && error.errors.some(isAddressInUse)) return true
  return isAddressInUse(error.cause)
}
