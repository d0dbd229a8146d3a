import { type Clock, every, type Logger } from '@keelson/service'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { P2PError } from './errors.ts'
import type { Host } from './host.ts'

export type StaticPeer = { readonly id: PeerId; readonly address: Multiaddr }

/** How often static peers are looked at, and how long one dial may take. */
const RECHECK_MS = 60_000
const DIAL_LIMIT_MS = 30_000

/**
 * Reads a multiaddr that ends in a peer id.
 *
 * @throws {P2PError} `badStaticPeer`
 */
export function parsePeerAddress(text: string): StaticPeer {
  try {
    const address = multiaddr(text)
    const last = address.getComponents().at(-1)
    if (last?.name === 'p2p' && last.value) return { id: peerIdFromString(last.value), address }
  } catch (cause) {
    throw new P2PError('badStaticPeer', { peer: text }, { cause })
  }
  throw new P2PError('badStaticPeer', { peer: text })
}

/** Keeps the static peers connected: dials all at once, then each minute those that are not there. */
export function keepStaticPeers(host: Host, peers: readonly StaticPeer[], clock: Clock, log: Logger): () => void {
  const others = peers.filter((peer) => !peer.id.equals(host.peerId))
  const dialMissing = async () => {
    await Promise.all(
      others
        .filter((peer) => host.getConnections(peer.id).length === 0)
        .map(async ({ id, address }) => {
          try {
            await host.dial(address, { signal: AbortSignal.timeout(DIAL_LIMIT_MS) })
            log.info('Connected to static peer', { peer: id.toString() })
          } catch (err) {
            log.warn('Could not connect to static peer', { peer: id.toString(), addr: address.toString(), err })
          }
        }),
    )
  }
  void dialMissing()
  return others.length > 0 ? every(clock, RECHECK_MS, dialMissing) : () => {}
}
