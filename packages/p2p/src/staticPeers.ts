import type { Clock, Logger } from '@keelson/service'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { P2PError } from './errors.ts'
import type { Host } from './host.ts'

export type StaticPeer = { readonly id: PeerId; readonly address: Multiaddr }

/** How often static peers are looked at; one that was lost is dialled sooner, with growing pauses. */
const RECHECK_MS = 60_000
const FIRST_RETRY_MS = 1000
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

/**
 * Keeps the static peers connected: dials each at once, again as soon as it is lost, and then with pauses that double
 * up to a minute.
 */
export function keepStaticPeers(host: Host, peers: readonly StaticPeer[], clock: Clock, log: Logger): () => void {
  const stopped = new AbortController()
  for (const peer of peers) {
    if (peer.id.equals(host.peerId)) continue
    keepOne(host, peer, clock, log, stopped.signal).catch((err: unknown) => {
      if (!stopped.signal.aborted) log.error('Gave up a static peer', { peer: peer.id.toString(), err })
    })
  }
  return () => stopped.abort(new P2PError('closed', {}))
}

async function keepOne(host: Host, { id, address }: StaticPeer, clock: Clock, log: Logger, stopped: AbortSignal) {
  let pause = FIRST_RETRY_MS
  while (!stopped.aborted) {
    if (host.getConnections(id).length > 0) {
      pause = FIRST_RETRY_MS
      await lostOrLater(host, id, clock, stopped)
      continue
    }
    try {
      await host.dial(address, { signal: AbortSignal.any([stopped, AbortSignal.timeout(DIAL_LIMIT_MS)]) })
      log.info('Connected to static peer', { peer: id.toString() })
    } catch (err) {
      if (stopped.aborted) return
      log.warn('Could not connect to static peer', {
        peer: id.toString(),
        addr: address.toString(),
        retryMs: pause,
        err,
      })
      await clock.sleep(pause, stopped)
      pause = Math.min(RECHECK_MS, pause * 2)
    }
  }
}

/** Resolves when the peer is lost, or after a minute. */
async function lostOrLater(host: Host, id: PeerId, clock: Clock, stopped: AbortSignal): Promise<void> {
  const woken = new AbortController()
  const onLost = ({ detail }: CustomEvent<PeerId>) => {
    if (detail.equals(id)) woken.abort()
  }
  host.addEventListener('peer:disconnect', onLost)
  try {
    await clock.sleep(RECHECK_MS, AbortSignal.any([stopped, woken.signal]))
  } catch {
    // Woken up: the caller looks again.
  } finally {
    host.removeEventListener('peer:disconnect', onLost)
  }
}
