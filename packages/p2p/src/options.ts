import { DEFAULT_MESH, type GossipMesh } from './gossip.ts'
import type { Subnet } from './ipAddress.ts'
import type { NodeKeySource } from './nodeKey.ts'

/** Everything about P2P that an operator may choose. Times in milliseconds. Defaults are op-node's flags, see README. */
export type P2POptions = {
  readonly key: NodeKeySource
  readonly listenIp: string
  /** 0: any free port. */
  readonly listenTcpPort: number
  readonly listenUdpPort: number
  readonly advertiseIp: string | undefined
  /** 0: the listening port. */
  readonly advertiseTcpPort: number
  readonly advertiseUdpPort: number
  /** Multiaddrs with /p2p/: always kept connected, never banned nor pruned. */
  readonly staticPeers: readonly string[]
  /** Off: no discv5. */
  readonly discovery: boolean
  /** enode:// or enr:; `undefined` takes the built-in list. */
  readonly bootnodes: readonly string[] | undefined
  /** Only these networks are taken from discovery; empty: all. */
  readonly netRestrict: readonly Subnet[]
  readonly peersLo: number
  readonly peersHi: number
  readonly peersGraceMs: number
  readonly scoring: 'none' | 'light'
  readonly banPeers: boolean
  readonly banThreshold: number
  readonly banDurationMs: number
  readonly userAgent: string
  readonly muxers: readonly ('yamux' | 'mplex')[]
  readonly dialTimeoutMs: number
  readonly acceptTimeoutMs: number
  readonly negotiationTimeoutMs: number
  /** A folder, or `memory`. */
  readonly peerstorePath: string
  readonly discoveryPath: string
  readonly mesh: GossipMesh
  readonly floodPublish: boolean
  /** Oldest gossiped block taken. */
  readonly gossipMaxAgeMs: number
  /** Serve and use payload_by_number. */
  readonly reqResp: boolean
  readonly onlyReqToStatic: boolean
  readonly ping: boolean
}

/** As op-node's flags, but with nothing on disk and any free port: what tests and embedding want. */
export const DEFAULT_P2P_OPTIONS: P2POptions = {
  key: {},
  listenIp: '0.0.0.0',
  listenTcpPort: 0,
  listenUdpPort: 0,
  advertiseIp: undefined,
  advertiseTcpPort: 0,
  advertiseUdpPort: 0,
  staticPeers: [],
  discovery: false,
  bootnodes: undefined,
  netRestrict: [],
  peersLo: 20,
  peersHi: 30,
  peersGraceMs: 30_000,
  scoring: 'light',
  banPeers: true,
  banThreshold: -100,
  banDurationMs: 3_600_000,
  userAgent: 'optimism',
  muxers: ['yamux', 'mplex'],
  dialTimeoutMs: 10_000,
  acceptTimeoutMs: 10_000,
  negotiationTimeoutMs: 10_000,
  peerstorePath: 'memory',
  discoveryPath: 'memory',
  mesh: DEFAULT_MESH,
  floodPublish: false,
  gossipMaxAgeMs: 60_000,
  reqResp: true,
  onlyReqToStatic: false,
  ping: true,
}
