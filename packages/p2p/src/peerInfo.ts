import { ENR, IDScheme, nodeId } from '@chainsafe/enr'
import type { Peer, PeerId } from '@libp2p/interface'
import { opStackEntryOf } from './enr.ts'
import type { P2P } from './p2p.ts'

/** A peer as op-node's RPC shows it. */
export type PeerInfo = {
  readonly peerID: string
  /** 32 bytes of hex without 0x. */
  readonly nodeID: string
  readonly userAgent: string
  readonly protocolVersion: string
  readonly ENR: string
  readonly addresses: readonly string[]
  readonly protocols: readonly string[]
  /** 0 not connected, 1 connected. */
  readonly connectedness: number
  /** 0 unknown, 1 inbound, 2 outbound. */
  readonly direction: number
  readonly protected: boolean
  /** 0: unknown. */
  readonly chainID: number
  /** Nanoseconds. */
  readonly latency: number
  readonly gossipBlocks: boolean
  readonly scores: {
    readonly gossip: {
      readonly total: number
      readonly blocks: {
        readonly timeInMesh: number
        readonly firstMessageDeliveries: number
        readonly meshMessageDeliveries: number
        readonly invalidMessageDeliveries: number
      }
      readonly IPColocationFactor: number
      readonly behavioralPenalty: number
    }
    readonly reqResp: {
      readonly validResponses: number
      readonly errorResponses: number
      readonly rejectedPayloads: number
    }
  }
}

const NO_TOPIC_SCORES = {
  timeInMesh: 0,
  firstMessageDeliveries: 0,
  meshMessageDeliveries: 0,
  invalidMessageDeliveries: 0,
}

/** What is known of one peer, ourselves included. */
export async function peerInfoOf(p2p: P2P, peer: PeerId): Promise<PeerInfo> {
  const { host } = p2p
  const id = peer.toString()
  const self = peer.equals(host.peerId)
  const connection = host.getConnections(peer)[0]
  const known = await host.peerStore.get(peer).catch(() => null)
  const record = self ? (p2p.discovery?.enr() ?? '') : textOf(known, 'enr')
  const { total, behaviouralPenalty, validResponses, errorResponses, rejectedPayloads } = p2p.scores.of(id)
  const { pubsub } = host.services
  return {
    peerID: id,
    nodeID: nodeIdOf(peer),
    userAgent: textOf(known, 'AgentVersion'),
    protocolVersion: textOf(known, 'ProtocolVersion'),
    ENR: record,
    addresses: self ? p2p.multiaddrs() : addressesOf(known, id),
    protocols: self ? host.getProtocols() : (known?.protocols ?? []),
    connectedness: connection ? 1 : 0,
    direction: connection ? (connection.direction === 'inbound' ? 1 : 2) : 0,
    protected: p2p.isProtected(id),
    chainID: chainIdOf(record),
    latency: Math.round(p2p.latencyOf(id) * 1e6),
    gossipBlocks: self || pubsub.getTopics().some((topic) => pubsub.getSubscribers(topic).some((s) => s.equals(peer))),
    scores: {
      gossip: { total, blocks: NO_TOPIC_SCORES, IPColocationFactor: 0, behavioralPenalty: behaviouralPenalty },
      reqResp: { validResponses, errorResponses, rejectedPayloads },
    },
  }
}

const textOf = (peer: Peer | null, key: string): string => {
  const bytes = peer?.metadata.get(key)
  return bytes ? new TextDecoder().decode(bytes) : ''
}

const addressesOf = (peer: Peer | null, id: string): string[] =>
  (peer?.addresses ?? []).map(({ multiaddr }) => {
    const text = multiaddr.toString()
    return text.includes('/p2p/') ? text : `${text}/p2p/${id}`
  })

/** discv5's id of a libp2p identity; empty when its key is not a secp256k1 key. */
function nodeIdOf(peer: PeerId): string {
  const key = peer.publicKey
  return key?.type === 'secp256k1' ? nodeId(IDScheme.v4, key.raw) : ''
}

function chainIdOf(record: string): number {
  if (record === '') return 0
  try {
    return Number(opStackEntryOf(ENR.decodeTxt(record))?.chainId ?? 0)
  } catch {
    return 0
  }
}
