import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'
import { Discv5, ipFromBytes, multiaddrFromSocketAddress } from '@chainsafe/discv5'
import type { BaseENR, ENR } from '@chainsafe/enr'
import type { RollupConfig } from '@keelson/protocol'
import { type Clock, errorText, type Logger } from '@keelson/service'
import type { Secp256k1PrivateKey } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { DEFAULT_BOOTNODES, parseBootnode, recordOfBootnode } from './bootnodes.ts'
import { createTransport } from './discoveryTransport.ts'
import { createRecord, OPSTACK_ENR_VERSION, opStackEntryOf, peerIdOfRecord } from './enr.ts'
import { P2PError } from './errors.ts'
import type { Host } from './host.ts'
import { inSubnets, type Subnet } from './ipAddress.ts'
import type { P2POptions } from './options.ts'
import { openStore } from './store.ts'

const FIRST_LOOKUP_MS = 3000
/** Pause between look-ups while peers are wanted, and when there are enough. */
const SHORT_PAUSE_MS = 5000
const LONG_PAUSE_MS = 20_000
const DIAL_WORKERS = 4
const MAX_CANDIDATES = 10
const DIAL_LIMIT_MS = 10_000
const ROUND_LIMIT_MS = 30_000
/** A peer that has just been tried, or lost, is left alone for this long. */
const RETRY_AFTER_MS = 60_000
const ADDRESS_TTL_TAG = 42
const RECORD_PREFIX = '/enr/'

/** Nodes found by discv5. */
export interface Discovery {
  /** Our own record. */
  enr(): string
  /** Records in the table. */
  table(): string[]
  close(): Promise<void>
}

export type DiscoveryParts = {
  readonly config: RollupConfig
  readonly options: P2POptions
  readonly privateKey: Secp256k1PrivateKey
  readonly host: Host
  readonly clock: Clock
  readonly log: Logger
}

/** Whether a record is of a node that we want: our chain, a version we know, reachable by TCP, in an allowed network. */
export function isWanted(record: BaseENR, chainId: bigint, netRestrict: readonly Subnet[]): boolean {
  const entry = opStackEntryOf(record)
  if (!entry || entry.chainId !== chainId || entry.version !== OPSTACK_ENR_VERSION) return false
  const ip = record.ip ?? record.ip6
  const tcp = record.ip !== undefined ? record.tcp : (record.tcp6 ?? record.tcp)
  return ip !== undefined && Boolean(tcp) && (netRestrict.length === 0 || inSubnets(netRestrict, ip))
}

/** The address of a record for libp2p. */
export function dialAddress(record: BaseENR): string {
  const ip = record.ip ?? record.ip6
  const tcp = record.ip !== undefined ? record.tcp : (record.tcp6 ?? record.tcp)
  return `/${record.ip !== undefined ? 'ip4' : 'ip6'}/${ip}/tcp/${tcp}/p2p/${peerIdOfRecord(record)}`
}

/** A UDP port that is free on `ip`: the given one, or any for 0. */
async function freeUdpPort(ip: string, port: number): Promise<number> {
  const socket = createSocket(isIP(ip) === 6 ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(port, ip, resolve)
    })
    return socket.address().port
  } catch (cause) {
    throw new P2PError('portTaken', { port, protocol: 'udp', flag: 'p2p.listen.udp' }, { cause })
  } finally {
    // A socket that could not bind was never open.
    try {
      socket.close()
    } catch {}
  }
}

const octetsOf = (ip: string): Uint8Array => {
  if (isIP(ip) === 4) return Uint8Array.from(ip.split('.').map(Number))
  return multiaddr(`/ip6/${ip}`).bytes.slice(-16)
}

/**
 * Starts discv5 with the node's own key, and dials what it finds while peers are short of the low tide.
 *
 * @throws {P2PError} `portTaken`, `badBootnode`
 * @see specs/protocol/rollup-node-p2p.md#consensus-layer-structure
 */
export async function startDiscovery(parts: DiscoveryParts): Promise<Discovery> {
  const { config, options, privateKey, host, clock, log } = parts
  const bootnodes = (options.bootnodes ?? DEFAULT_BOOTNODES).map(parseBootnode)
  const udp = await freeUdpPort(options.listenIp, options.listenUdpPort)
  const listening = host
    .getMultiaddrs()[0]
    ?.getComponents()
    .find(({ name }) => name === 'tcp')?.value
  const anywhere = options.listenIp === '0.0.0.0' || options.listenIp === '::'
  const record = createRecord(privateKey, {
    chainId: config.l2ChainId,
    ip: options.advertiseIp ?? (anywhere ? null : options.listenIp),
    tcp: options.advertiseTcpPort || options.listenTcpPort || Number(listening ?? 0),
    udp: options.advertiseUdpPort || udp,
    seq: BigInt(clock.now()),
  })
  const socket = ipFromBytes(octetsOf(options.listenIp))
  if (!socket) throw new P2PError('badOption', { name: 'p2p.listen.ip', reason: `${options.listenIp} is no address` })
  const bindAddress = multiaddrFromSocketAddress({ ip: socket, port: udp })
  const opened = await openStore(options.discoveryPath)
  const bindAddrs = socket.type === 4 ? { ip4: bindAddress } : { ip6: bindAddress }
  const transport = createTransport(bindAddrs, record.nodeId, log)
  const discv5 = Discv5.create({
    enr: record,
    privateKey: privateKey as unknown as Parameters<typeof Discv5.create>[0]['privateKey'],
    bindAddrs,
    transport,
    // An address that was given is not to be changed by what others see.
    config: { enrUpdate: options.advertiseIp === undefined, allowUnverifiedSessions: true },
  })
  await discv5.start()
  log.info('Discovery started', { enr: record.encodeTxt(), udp })

  const stopped = new AbortController()
  const tried = new Map<string, number>()
  const missing = new Set(bootnodes)
  for (const { value } of await opened.store.list(RECORD_PREFIX)) discv5.addEnr(value)
  // The declared type of the class hides that it is an event emitter.
  const events = discv5 as unknown as { on(name: 'discovered', listener: (found: ENR) => void): void }
  events.on('discovered', (found) => discv5.addEnr(found))
  host.addEventListener('peer:disconnect', ({ detail }) => tried.set(detail.toString(), clock.now()))

  async function askBootnodes(): Promise<void> {
    await Promise.all(
      [...missing].map(async (node) => {
        try {
          const found = await recordOfBootnode(discv5, node)
          if (!found) return
          discv5.addEnr(found)
          missing.delete(node)
        } catch (err) {
          log.debug('A bootnode does not answer', { reason: errorText(err) })
        }
      }),
    )
  }

  function candidates(records: readonly ENR[]): ENR[] {
    const now = clock.now()
    for (const [peer, at] of tried) if (now - at >= RETRY_AFTER_MS) tried.delete(peer)
    const fresh = new Map<string, ENR>()
    for (const found of records) {
      if (!isWanted(found, config.l2ChainId, options.netRestrict)) continue
      const peer = peerIdOfRecord(found)
      if (peer.equals(host.peerId) || tried.has(peer.toString()) || host.getConnections(peer).length > 0) continue
      fresh.set(peer.toString(), found)
    }
    return [...fresh.values()].slice(0, MAX_CANDIDATES)
  }

  async function dial(found: ENR, signal: AbortSignal): Promise<void> {
    const peer = peerIdOfRecord(found)
    tried.set(peer.toString(), clock.now())
    try {
      await host.peerStore.merge(peer, {
        multiaddrs: [multiaddr(dialAddress(found))],
        tags: { [`opstack-${config.l2ChainId}-${OPSTACK_ENR_VERSION}`]: { value: ADDRESS_TTL_TAG } },
        metadata: { enr: new TextEncoder().encode(found.encodeTxt()) },
      })
      await host.dial(peer, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_LIMIT_MS)]) })
      log.info('Connected to a discovered peer', { peer: peer.toString() })
    } catch (err) {
      log.debug('Could not connect to a discovered peer', { peer: peer.toString(), reason: errorText(err) })
    }
  }

  async function round(): Promise<void> {
    if (missing.size > 0) await askBootnodes()
    if (host.getPeers().length >= options.peersLo) return
    const found = await discv5.findRandomNode()
    const queue = candidates([...found, ...discv5.kadValues()])
    const limit = AbortSignal.any([stopped.signal, AbortSignal.timeout(ROUND_LIMIT_MS)])
    const worker = async () => {
      for (let next = queue.shift(); next && !limit.aborted; next = queue.shift()) await dial(next, limit)
    }
    await Promise.all(Array.from({ length: DIAL_WORKERS }, worker))
  }

  async function run(): Promise<void> {
    let pause = FIRST_LOOKUP_MS
    while (!stopped.signal.aborted) {
      await clock.sleep(pause, stopped.signal)
      await round().catch((err: unknown) => log.warn('A discovery round failed', { err }))
      pause = host.getPeers().length < options.peersLo ? SHORT_PAUSE_MS : LONG_PAUSE_MS
    }
  }
  run().catch((err: unknown) => {
    if (!stopped.signal.aborted) log.error('Discovery stopped', { err })
  })

  return {
    enr: () => discv5.enr.encodeTxt(),
    table: () => discv5.kadValues().map((known) => known.encodeTxt()),
    async close() {
      stopped.abort(new P2PError('closed', {}))
      for (const known of discv5.kadValues())
        await opened.store.put(`${RECORD_PREFIX}${known.nodeId}`, known.encodeTxt())
      await discv5.stop()
      await opened.close()
    },
  }
}
