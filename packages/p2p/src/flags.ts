import { createRpcClient, defineFlags, type FlagValues, flag, type Logger } from '@keelson/service'
import { type BlockSigner, createLocalSigner, createRemoteSigner } from './blockSigner.ts'
import { P2PError } from './errors.ts'
import { tryParseSubnet } from './ipAddress.ts'
import type { P2POptions } from './options.ts'

const port = { min: 0, max: 65_535 } as const

/** op-node's P2P flags; names and environment are its own. */
export const p2pFlags = defineFlags('p2p', {
  disable: flag.boolean({ default: false, help: 'Runs without P2P.' }),
  noDiscovery: flag.boolean({ default: false, help: 'Does not look for peers by discv5.' }),
  scoring: flag.enum({
    values: ['none', 'light'],
    default: 'light',
    env: 'P2P_PEER_SCORING',
    help: 'How peers are scored.',
  }),
  banPeers: flag.boolean({
    name: 'p2p.ban.peers',
    env: 'P2P_PEER_BANNING',
    default: true,
    help: 'Bans peers whose score falls below the threshold.',
  }),
  banThreshold: flag.float({
    name: 'p2p.ban.threshold',
    env: 'P2P_PEER_BANNING_THRESHOLD',
    default: -100,
    help: 'Score below which a peer is banned.',
  }),
  banDuration: flag.duration({
    name: 'p2p.ban.duration',
    env: 'P2P_PEER_BANNING_DURATION',
    default: 3_600_000,
    help: 'How long a ban lasts.',
  }),
  privPath: flag.path({
    name: 'p2p.priv.path',
    env: 'P2P_PRIV_PATH',
    default: 'opnode_p2p_priv.txt',
    help: 'File with the hex key of the node; made when it is not there.',
  }),
  privRaw: flag.string({
    name: 'p2p.priv.raw',
    env: 'P2P_PRIV_RAW',
    default: '',
    secret: true,
    hidden: true,
    help: 'The hex key itself; wins over the file.',
  }),
  listenIp: flag.string({
    name: 'p2p.listen.ip',
    default: '0.0.0.0',
    help: 'Address that libp2p and discv5 listen on.',
  }),
  listenTcp: flag.integer({
    name: 'p2p.listen.tcp',
    env: 'P2P_LISTEN_TCP_PORT',
    default: 9222,
    ...port,
    help: 'TCP port of libp2p; 0 takes any.',
  }),
  listenUdp: flag.integer({
    name: 'p2p.listen.udp',
    env: 'P2P_LISTEN_UDP_PORT',
    default: 0,
    ...port,
    help: 'UDP port of discv5; 0 takes any.',
  }),
  advertiseIp: flag.string({
    name: 'p2p.advertise.ip',
    default: '',
    help: 'Address told to other nodes, if it is not the one listened on.',
  }),
  advertiseTcp: flag.integer({
    name: 'p2p.advertise.tcp',
    default: 0,
    ...port,
    help: 'TCP port told to other nodes; 0: the one listened on.',
  }),
  advertiseUdp: flag.integer({
    name: 'p2p.advertise.udp',
    default: 0,
    ...port,
    help: 'UDP port told to other nodes; 0: the one listened on.',
  }),
  bootnodes: flag.list({
    help: 'enode:// or enr: nodes through which discovery begins, instead of the built-in ones.',
  }),
  static: flag.list({ default: [], help: 'Multiaddrs of peers that are always kept connected.' }),
  netrestrict: flag.list({ default: [], help: 'Networks that discovery is limited to, such as 10.0.0.0/8.' }),
  peersLo: flag.integer({ name: 'p2p.peers.lo', default: 20, min: 0, help: 'Below this, more peers are looked for.' }),
  peersHi: flag.integer({ name: 'p2p.peers.hi', default: 30, min: 0, help: 'Above this, peers are pruned.' }),
  peersGrace: flag.duration({
    name: 'p2p.peers.grace',
    default: 30_000,
    help: 'How long a new peer is not pruned.',
  }),
  useragent: flag.string({ env: 'P2P_AGENT', default: 'optimism', hidden: true, help: 'Agent told by identify.' }),
  mux: flag.list({ default: ['yamux', 'mplex'], hidden: true, help: 'Stream multiplexers in order of preference.' }),
  timeoutNegotiation: flag.duration({
    name: 'p2p.timeout.negotiation',
    default: 10_000,
    hidden: true,
    help: 'For agreeing on a protocol.',
  }),
  timeoutAccept: flag.duration({
    name: 'p2p.timeout.accept',
    default: 10_000,
    hidden: true,
    help: 'For an incoming connection to be set up.',
  }),
  timeoutDial: flag.duration({ name: 'p2p.timeout.dial', default: 10_000, hidden: true, help: 'For a dial.' }),
  peerstorePath: flag.path({
    name: 'p2p.peerstore.path',
    default: 'opnode_peerstore_db',
    help: 'Database of peers, scores and bans; `memory` keeps nothing.',
  }),
  discoveryPath: flag.path({
    name: 'p2p.discovery.path',
    default: 'opnode_discovery_db',
    help: 'Database of discovered nodes; `memory` keeps nothing.',
  }),
  sequencerKey: flag.string({
    name: 'p2p.sequencer.key',
    default: '',
    secret: true,
    help: 'Hex key that signs gossiped blocks.',
  }),
  meshD: flag.integer({ name: 'p2p.gossip.mesh.d', default: 8, min: 1, hidden: true, help: 'Peers in a topic mesh.' }),
  meshLo: flag.integer({
    name: 'p2p.gossip.mesh.lo',
    env: 'P2P_GOSSIP_MESH_DLO',
    default: 6,
    min: 1,
    hidden: true,
    help: 'Fewest peers in a topic mesh.',
  }),
  meshDhi: flag.integer({
    name: 'p2p.gossip.mesh.dhi',
    default: 12,
    min: 1,
    hidden: true,
    help: 'Most peers in a topic mesh.',
  }),
  meshDlazy: flag.integer({
    name: 'p2p.gossip.mesh.dlazy',
    default: 6,
    min: 0,
    hidden: true,
    help: 'Peers told of messages.',
  }),
  floodPublish: flag.boolean({
    name: 'p2p.gossip.mesh.floodpublish',
    env: 'P2P_GOSSIP_FLOOD_PUBLISH',
    default: false,
    hidden: true,
    help: 'Sends own blocks to all peers.',
  }),
  gossipTimestampThreshold: flag.duration({
    name: 'p2p.gossip.timestamp.threshold',
    default: 60_000,
    help: 'Oldest gossiped block that is taken.',
  }),
  syncReqResp: flag.boolean({
    name: 'p2p.sync.req-resp',
    default: true,
    help: 'Serves and asks for blocks by number.',
  }),
  onlyReqToStatic: flag.boolean({
    name: 'p2p.sync.onlyreqtostatic',
    default: false,
    help: 'Asks only static peers for blocks.',
  }),
  nat: flag.boolean({ default: false, help: 'Port mapping by UPnP or PMP; not supported, see p2p.advertise.ip.' }),
  security: flag.list({ default: ['noise'], hidden: true, help: 'Connection security; noise.' }),
  scoringPeers: flag.string({ name: 'p2p.scoring.peers', hidden: true, help: 'Old name of p2p.scoring.' }),
  scoringTopics: flag.string({ name: 'p2p.scoring.topics', hidden: true, help: 'Old name of p2p.scoring.' }),
  scoreBands: flag.string({ name: 'p2p.score.bands', hidden: true, help: 'Has no effect any more.' }),
  ping: flag.boolean({ default: true, hidden: true, help: 'Measures the latency of peers.' }),
})

/** op-node's flags for a signer of blocks outside the process. */
export const signerFlags = defineFlags('signer', {
  endpoint: flag.url({ help: 'RPC of a service that signs gossiped blocks.' }),
  address: flag.address({ help: 'Account that the service signs with.' }),
})
export type SignerFlags = FlagValues<typeof signerFlags>
export type P2PFlags = FlagValues<typeof p2pFlags>

const refuse = (name: string, reason: string): never => {
  throw new P2PError('badOption', { name, reason })
}

function checkPort(name: string, value: number): number {
  return value !== 0 && value < 1024 ? refuse(name, 'ports are 0 or from 1024 to 65535') : value
}

/**
 * What flags mean for the service.
 *
 * @throws {P2PError} `badOption`
 */
export function p2pOptionsFromFlags(values: P2PFlags): P2POptions {
  const { meshD, meshLo, meshDhi, meshDlazy } = values
  if (values.peersHi < values.peersLo) refuse('p2p.peers.hi', `${values.peersHi} is below p2p.peers.lo`)
  if (values.nat) refuse('p2p.nat', 'port mapping is not supported; map the port yourself and set p2p.advertise.ip')
  if (values.security.some((name) => name !== 'noise')) refuse('p2p.security', 'only noise is supported')
  if (values.peerstorePath === '') refuse('p2p.peerstore.path', 'it is empty; `memory` keeps nothing')
  if (meshLo > meshD || meshD > meshDhi) refuse('p2p.gossip.mesh.d', 'lo, d and dhi must not go down')
  return {
    key: values.privRaw ? { raw: values.privRaw } : { path: values.privPath },
    listenIp: values.listenIp,
    listenTcpPort: checkPort('p2p.listen.tcp', values.listenTcp),
    listenUdpPort: checkPort('p2p.listen.udp', values.listenUdp),
    advertiseIp: values.advertiseIp || undefined,
    advertiseTcpPort: checkPort('p2p.advertise.tcp', values.advertiseTcp),
    advertiseUdpPort: checkPort('p2p.advertise.udp', values.advertiseUdp),
    staticPeers: values.static,
    discovery: !values.noDiscovery,
    bootnodes: values.bootnodes,
    netRestrict: values.netrestrict.map(
      (text) => tryParseSubnet(text) ?? refuse('p2p.netrestrict', `${text} is not a network such as 10.0.0.0/8`),
    ),
    peersLo: values.peersLo,
    peersHi: values.peersHi,
    peersGraceMs: values.peersGrace,
    scoring: scoringOf(values),
    banPeers: values.banPeers,
    banThreshold: values.banThreshold,
    banDurationMs: values.banDuration,
    userAgent: values.useragent,
    muxers: values.mux.map((name) =>
      name === 'yamux' || name === 'mplex' ? name : refuse('p2p.mux', `${name} is unknown`),
    ),
    dialTimeoutMs: values.timeoutDial,
    acceptTimeoutMs: values.timeoutAccept,
    negotiationTimeoutMs: values.timeoutNegotiation,
    peerstorePath: values.peerstorePath,
    discoveryPath: values.discoveryPath || 'memory',
    mesh: { d: meshD, dlo: meshLo, dhi: meshDhi, dlazy: meshDlazy },
    floodPublish: values.floodPublish,
    gossipMaxAgeMs: values.gossipTimestampThreshold,
    reqResp: values.syncReqResp,
    onlyReqToStatic: values.onlyReqToStatic,
    ping: values.ping,
  }
}

/** The old flags stand in for the new one when they switch scoring off. */
const scoringOf = ({ scoring, scoringPeers, scoringTopics }: P2PFlags): 'none' | 'light' =>
  scoringPeers === 'none' || scoringTopics === 'none' ? 'none' : scoring

/**
 * The signer of `--p2p.sequencer.key` or `--signer.endpoint`; `null` without either.
 *
 * @throws {P2PError} `badOption`; the key is not in the message
 */
export function blockSignerFromFlags(
  { sequencerKey }: Pick<P2PFlags, 'sequencerKey'>,
  remote: Partial<SignerFlags> = {},
  parts: { readonly log?: Logger } = {},
): BlockSigner | null {
  if (remote.endpoint !== undefined) {
    if (sequencerKey !== '') return refuse('signer.endpoint', 'p2p.sequencer.key is set too')
    const address = remote.address ?? refuse('signer.address', 'signer.endpoint needs it')
    return createRemoteSigner(createRpcClient({ url: remote.endpoint, name: 'signer', ...parts }), address)
  }
  if (sequencerKey === '') return null
  const hex = sequencerKey.trim().replace(/^0x/, '')
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) return refuse('p2p.sequencer.key', 'it is not 32 bytes of hex')
  return createLocalSigner(Uint8Array.from(Buffer.from(hex, 'hex')))
}
