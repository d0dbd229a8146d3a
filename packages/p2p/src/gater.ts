import type { Clock, Logger } from '@keelson/service'
import type { ConnectionGater as Libp2pGater } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { base32 } from './base32.ts'
import { inSubnets, ipOf, normalizeIp, type Subnet } from './ipAddress.ts'
import type { P2PMetrics } from './metrics.ts'
import type { P2PStore } from './store.ts'

/** Who may connect. Blocks stay until taken back; bans run out. Both are kept in the store. */
export interface Gater {
  readonly libp2p: Libp2pGater
  blockPeer(peerId: string): Promise<void>
  unblockPeer(peerId: string): Promise<void>
  blockedPeers(): string[]
  blockAddr(ip: string): Promise<void>
  unblockAddr(ip: string): Promise<void>
  blockedAddrs(): string[]
  blockSubnet(subnet: Subnet): Promise<void>
  unblockSubnet(subnet: Subnet): Promise<void>
  blockedSubnets(): Subnet[]
  /** @param until - milliseconds since 1970 */
  banPeer(peerId: string, until: number): Promise<void>
  banIp(ip: string, until: number): Promise<void>
  isBanned(peerId: string): boolean
  bannedPeers(): string[]
  bannedIps(): string[]
}

const BLOCK_PREFIX = '/libp2p/net/conngater'
/** Where op-node keeps a peer's ban. */
export const peerBanKey = (peerId: string) =>
  `/peers/ban_expiration/${base32(peerIdFromString(peerId).toMultihash().bytes)}`
const ipBanKey = (ip: string) => `/ips/ban_expiration/${ip}`

type BanRecord = { expiry: number; lastUpdate: number; id?: string }

export type GaterParts = {
  readonly store: P2PStore
  readonly clock: Pick<Clock, 'now'>
  readonly metrics: P2PMetrics
  readonly log: Logger
}

/** Opens the gater with what earlier runs have blocked and banned. */
export async function createGater({ store, clock, metrics, log }: GaterParts): Promise<Gater> {
  const peers = new Set<string>()
  const addrs = new Set<string>()
  const subnets = new Map<string, Subnet>()
  const peerBans = new Map<string, number>()
  const ipBans = new Map<string, number>()

  for (const { key, value } of await store.list(`${BLOCK_PREFIX}/`)) {
    const kind = key.slice(BLOCK_PREFIX.length + 1).split('/')[0]
    if (kind === 'peer') peers.add(value)
    if (kind === 'addr') addrs.add(value)
    const [ip, prefix] = value.split('/')
    if (kind === 'subnet' && ip && prefix) subnets.set(value, { ip, prefix: Number(prefix) })
  }
  for (const { value } of await store.list('/peers/ban_expiration/')) restoreBan(value, peerBans)
  for (const { value } of await store.list('/ips/ban_expiration/')) restoreBan(value, ipBans)

  function restoreBan(value: string, bans: Map<string, number>) {
    try {
      const { expiry, id } = JSON.parse(value) as BanRecord
      if (id) bans.set(id, expiry * 1000)
    } catch (err) {
      log.warn('Skipped an unreadable ban', { err })
    }
  }
  const saveBan = (key: string, id: string, until: number) => {
    const record: BanRecord = {
      expiry: Math.ceil(until / 1000),
      lastUpdate: Math.floor(clock.now() / 1000),
      id,
    }
    return store.put(key, JSON.stringify(record))
  }
  /** Looks a ban up; one that has run out is removed and counted. */
  function banned(bans: Map<string, number>, id: string, key: () => string, expired: () => void): boolean {
    const until = bans.get(id)
    if (until === undefined) return false
    if (clock.now() < until) return true
    bans.delete(id)
    expired()
    store.delete(key()).catch((err: unknown) => log.warn('Could not delete an expired ban', { err }))
    return false
  }
  const peerBanned = (peerId: string) =>
    banned(
      peerBans,
      peerId,
      () => peerBanKey(peerId),
      () => metrics.peerUnbans.inc(),
    )
  const ipBanned = (ip: string) =>
    banned(
      ipBans,
      ip,
      () => ipBanKey(ip),
      () => metrics.ipUnbans.inc(),
    )

  const peerDenied = (peerId: string) => peers.has(peerId) || peerBanned(peerId)
  const ipDenied = (ip: string | null) =>
    ip !== null && (addrs.has(ip) || inSubnets([...subnets.values()], ip) || ipBanned(ip))

  const dial = (deny: boolean) => {
    metrics.dials.inc({ allow: !deny })
    return deny
  }
  const accept = (deny: boolean) => {
    metrics.accepts.inc({ allow: !deny })
    return deny
  }
  const subnetText = ({ ip, prefix }: Subnet) => `${ip}/${prefix}`

  return {
    libp2p: {
      denyDialPeer: (peerId) => dial(peerDenied(peerId.toString())),
      denyDialMultiaddr: (address) => dial(ipDenied(ipOf(address))),
      denyInboundConnection: (connection) => accept(ipDenied(ipOf(connection.remoteAddr))),
      denyInboundEncryptedConnection: (peerId) => accept(peerDenied(peerId.toString())),
      // Outgoing connections were judged before the dial.
      denyOutboundConnection: () => false,
      denyOutboundEncryptedConnection: () => false,
      denyInboundUpgradedConnection: () => false,
      denyOutboundUpgradedConnection: () => false,
      filterMultiaddrForPeer: () => true,
    },
    blockPeer: async (peerId) => {
      peers.add(peerId)
      await store.put(`${BLOCK_PREFIX}/peer/${peerId}`, peerId)
    },
    unblockPeer: async (peerId) => {
      peers.delete(peerId)
      await store.delete(`${BLOCK_PREFIX}/peer/${peerId}`)
    },
    blockedPeers: () => [...peers],
    blockAddr: async (text) => {
      const ip = normalizeIp(text) ?? text
      addrs.add(ip)
      await store.put(`${BLOCK_PREFIX}/addr/${ip}`, ip)
    },
    unblockAddr: async (text) => {
      const ip = normalizeIp(text) ?? text
      addrs.delete(ip)
      await store.delete(`${BLOCK_PREFIX}/addr/${ip}`)
    },
    blockedAddrs: () => [...addrs],
    blockSubnet: async (subnet) => {
      subnets.set(subnetText(subnet), subnet)
      await store.put(`${BLOCK_PREFIX}/subnet/${subnetText(subnet)}`, subnetText(subnet))
    },
    unblockSubnet: async (subnet) => {
      subnets.delete(subnetText(subnet))
      await store.delete(`${BLOCK_PREFIX}/subnet/${subnetText(subnet)}`)
    },
    blockedSubnets: () => [...subnets.values()],
    banPeer: async (peerId, until) => {
      peerBans.set(peerId, until)
      await saveBan(peerBanKey(peerId), peerId, until)
    },
    banIp: async (text, until) => {
      const ip = normalizeIp(text) ?? text
      ipBans.set(ip, until)
      await saveBan(ipBanKey(ip), ip, until)
    },
    isBanned: peerBanned,
    bannedPeers: () => [...peerBans.keys()].filter(peerBanned),
    bannedIps: () => [...ipBans.keys()].filter(ipBanned),
  }
}
