import { isIP } from 'node:net'
import { invalidParams } from '@keelson/service'
import type { RpcMethods } from '@keelson/service/node'
import { peerIdFromString } from '@libp2p/peer-id'
import { normalizeIp, type Subnet, tryParseSubnet } from './ipAddress.ts'
import type { P2P } from './p2p.ts'
import { type PeerInfo, peerInfoOf } from './peerInfo.ts'

/** A subnet as Go encodes one: base address and mask bytes in base64. */
type WireSubnet = { readonly IP: string; readonly Mask: string }

const INVALID = 'invalid request'

const required = <T>(value: T): NonNullable<T> => {
  if (value === undefined || value === null) throw invalidParams('missing value for required argument 0')
  return value
}

const text = (value: unknown): string => {
  if (typeof required(value) !== 'string') throw invalidParams('invalid argument 0: not a string')
  if (value === '') throw new Error(INVALID)
  return value as string
}

function peerId(value: unknown): string {
  const id = text(value)
  try {
    return peerIdFromString(id).toString()
  } catch {
    throw invalidParams('invalid argument 0: failed to parse peer ID')
  }
}

function ip(value: unknown): string {
  const address = normalizeIp(text(value))
  if (address === null) throw invalidParams(`invalid argument 0: invalid IP address: ${value}`)
  return address
}

function subnet(value: unknown): Subnet {
  const { IP, Mask } = required(value) as Partial<WireSubnet>
  if (typeof IP !== 'string' || typeof Mask !== 'string') throw invalidParams('invalid argument 0: not a subnet')
  const bits = [...Buffer.from(Mask, 'base64')].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const ones = bits.indexOf('0') === -1 ? bits.length : bits.indexOf('0')
  // Ones first, then zeros; as many as the address has.
  const fits = bits.length === (isIP(IP) === 4 ? 32 : 128) && !bits.slice(ones).includes('1')
  const parsed = fits ? tryParseSubnet(`${IP}/${ones}`) : null
  if (!parsed) throw new Error(INVALID)
  return parsed
}

function wireSubnet({ ip: address, prefix }: Subnet): WireSubnet {
  const length = isIP(address) === 4 ? 4 : 16
  const mask = Uint8Array.from({ length }, (_, i) => 0xff00 >> Math.min(8, Math.max(0, prefix - 8 * i)))
  return { IP: address, Mask: Buffer.from(mask).toString('base64') }
}

/** The `opp2p_` methods over a P2P service, wire-compatible with op-node. */
export function p2pRpcMethods(p2p: P2P): RpcMethods {
  const { gater, host } = p2p
  const { pubsub } = host.services
  const done = async (work: Promise<void> | void) => {
    await work
    return null
  }
  return {
    opp2p_self: () => peerInfoOf(p2p, host.peerId),

    opp2p_peers: async ([connected]) => {
      if (typeof required(connected) !== 'boolean') throw invalidParams('invalid argument 0: not a boolean')
      const known = connected ? host.getPeers() : (await host.peerStore.all()).map((peer) => peer.id)
      const others = known.filter((peer) => !peer.equals(host.peerId))
      const infos = await Promise.all(others.map((peer) => peerInfoOf(p2p, peer)))
      return {
        totalConnected: host.getPeers().length,
        peers: Object.fromEntries(infos.map((info): [string, PeerInfo] => [info.peerID, info])),
        bannedPeers: gater.blockedPeers(),
        bannedIPS: gater.blockedAddrs(),
        bannedSubnets: gater.blockedSubnets().map(wireSubnet),
      }
    },

    opp2p_peerStats: async () => {
      const subscribers = pubsub
        .getTopics()
        .sort()
        .map((topic) => pubsub.getSubscribers(topic).length)
      const [blocksTopic = 0, blocksTopicV2 = 0, blocksTopicV3 = 0, blocksTopicV4 = 0] = subscribers
      return {
        connected: host.getPeers().length,
        table: p2p.discovery?.table().length ?? 0,
        blocksTopic,
        blocksTopicV2,
        blocksTopicV3,
        blocksTopicV4,
        banned: gater.blockedPeers().length,
        known: (await host.peerStore.all()).length,
      }
    },

    opp2p_discoveryTable: () => {
      if (!p2p.discovery) throw new Error('discovery disabled')
      return p2p.discovery.table()
    },

    opp2p_blockPeer: ([id]) => done(gater.blockPeer(peerId(id))),
    opp2p_unblockPeer: ([id]) => done(gater.unblockPeer(peerId(id))),
    opp2p_listBlockedPeers: () => gater.blockedPeers(),
    opp2p_blockAddr: ([address]) => done(gater.blockAddr(ip(address))),
    opp2p_unblockAddr: ([address]) => done(gater.unblockAddr(ip(address))),
    opp2p_listBlockedAddrs: () => gater.blockedAddrs(),
    opp2p_blockSubnet: ([net]) => done(gater.blockSubnet(subnet(net))),
    opp2p_unblockSubnet: ([net]) => done(gater.unblockSubnet(subnet(net))),
    opp2p_listBlockedSubnets: () => gater.blockedSubnets().map(wireSubnet),
    opp2p_protectPeer: ([id]) => done(p2p.protectPeer(peerId(id))),
    opp2p_unprotectPeer: ([id]) => done(p2p.unprotectPeer(peerId(id))),
    opp2p_connectPeer: ([address]) => done(p2p.connectPeer(text(address))),

    opp2p_disconnectPeer: async ([id]) => {
      const peer = peerId(id)
      await p2p.disconnectPeer(peer)
      await host.peerStore.delete(peerIdFromString(peer))
      await gater.unblockPeer(peer)
      return null
    },
  }
}
