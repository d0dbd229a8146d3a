import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ENR, IDScheme, nodeId } from '@chainsafe/enr'
import { afterAll, describe, expect, it } from 'vitest'
import { isWanted } from '../src/discovery.ts'
import { createRecord, opStackEntryOf, peerIdOfRecord, tryDecodeOpStackEntry } from '../src/enr.ts'
import { createP2P, loadNodeKey } from '../src/index.ts'
import { DEFAULT_CONFIG } from '../testing/index.ts'
import { addressOf, createServices } from './service.ts'

const services = createServices()
const { start } = services
afterAll(() => services.closeAll())
const folder = () => mkdtemp(join(tmpdir(), 'p2p-'))
const KEY = '11'.repeat(32)

describe('identity', () => {
  it('[P2P-003] [P2P-004] is one secp256k1 key for libp2p and discv5', async () => {
    const key = await loadNodeKey({ raw: KEY })
    const p2p = await start({ options: { key: { raw: KEY } } })
    const record = createRecord(key, { chainId: 10n, ip: '127.0.0.1', tcp: 9222, udp: 9223 })
    expect(peerIdOfRecord(record).toString()).toBe(p2p.peerId)
    expect(p2p.peerId).toMatch(/^16Uiu2HA/)
    expect(record.nodeId).toBe(nodeId(IDScheme.v4, key.publicKey.raw))
    // The record is signed with that key: reading it checks the signature.
    expect(ENR.decodeTxt(record.encodeTxt()).nodeId).toBe(record.nodeId)
  })

  it('[P2P-003] is kept in a file that only its owner reads', async () => {
    const path = join(await folder(), 'keys', 'priv.txt')
    const key = await loadNodeKey({ path })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(path, 'utf8')).toMatch(/^[0-9a-f]{64}$/)
    expect((await loadNodeKey({ path })).raw).toEqual(key.raw)
    await writeFile(path, 'no key')
    await expect(loadNodeKey({ path })).rejects.toThrow('is not 32 bytes of hex')
    await expect(loadNodeKey({ raw: '00'.repeat(32) })).rejects.toThrow('not a secp256k1 private key')
  })
})

describe('node record', () => {
  const key = () => loadNodeKey({ raw: KEY })

  it('[P2P-006] has ip, tcp, udp and opstack', async () => {
    const record = createRecord(await key(), { chainId: 10n, ip: '1.2.3.4', tcp: 9222, udp: 9223 })
    expect([record.ip, record.tcp, record.udp]).toEqual(['1.2.3.4', 9222, 9223])
    const six = createRecord(await key(), { chainId: 10n, ip: '2001:db8::1', tcp: 9222, udp: 9223 })
    expect([six.ip, six.ip6?.replace(/\b0+(?=\w)/g, ''), six.tcp6]).toEqual([
      undefined,
      expect.stringContaining('2001:db8'),
      9222,
    ])
  })

  it('[P2P-008] says fork id 0', async () => {
    const record = createRecord(await key(), { chainId: 8453n, ip: '1.2.3.4', tcp: 1, udp: 2 })
    expect(opStackEntryOf(record)).toEqual({ chainId: 8453n, version: 0n })
  })

  it('[P2P-008] [P2P-009] is wanted only with our chain id and version 0, tcp and ip', async () => {
    const record = createRecord(await key(), { chainId: 10n, ip: '10.2.3.4', tcp: 9222, udp: 9223 })
    expect(isWanted(record, 10n, [])).toBe(true)
    expect(isWanted(record, 11n, [])).toBe(false)
    expect(isWanted(record, 10n, [{ ip: '10.0.0.0', prefix: 8 }])).toBe(true)
    expect(isWanted(record, 10n, [{ ip: '11.0.0.0', prefix: 8 }])).toBe(false)
    record.set('opstack', Uint8Array.of(10, 1))
    expect(isWanted(record, 10n, [])).toBe(false)
    record.delete('opstack')
    expect(isWanted(record, 10n, [])).toBe(false)
    expect(isWanted(createRecord(await key(), { chainId: 10n, ip: null, tcp: 9222, udp: 9223 }), 10n, [])).toBe(false)
  })

  it('[P2P-009] may have bytes after the two numbers', () => {
    expect(tryDecodeOpStackEntry(Uint8Array.of(10, 0, 1, 2, 3))).toEqual({ chainId: 10n, version: 0n })
    for (const bad of [[], [10], [0x80], [0x80, 0x80]]) expect(tryDecodeOpStackEntry(Uint8Array.from(bad))).toBeNull()
    expect(tryDecodeOpStackEntry(Uint8Array.from({ length: 20 }, () => 0xff))).toBeNull()
  })
})

describe('host', () => {
  it('[P2P-011] [P2P-018] [P2P-019] [P2P-022] connects over TCP with noise and yamux', async () => {
    const a = await start()
    const b = await start()
    await b.connectPeer(addressOf(a))
    const [connection] = b.host.getConnections()
    expect(connection?.remoteAddr.toString()).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
    expect(connection?.encryption).toBe('/noise')
    expect(connection?.multiplexer).toBe('/yamux/1.0.0')
  })

  it('[P2P-022] falls back to mplex with a peer that has nothing else', async () => {
    const a = await start({ options: { muxers: ['mplex'] } })
    const b = await start()
    await b.connectPeer(addressOf(a))
    expect(b.host.getConnections()[0]?.multiplexer).toBe('/mplex/6.7.0')
  })

  it('[P2P-020] [P2P-021] [P2P-023] speaks identify, ping, gossipsub 1.1 and payload_by_number', async () => {
    const a = await start({ payloadByNumber: async () => null })
    const b = await start()
    await b.connectPeer(addressOf(a))
    expect(a.host.getProtocols()).toEqual(
      expect.arrayContaining([
        '/ipfs/id/1.0.0',
        '/ipfs/ping/1.0.0',
        '/meshsub/1.1.0',
        '/opstack/req/payload_by_number/901/0',
      ]),
    )
    expect(await b.host.services.ping.ping(a.host.peerId)).toBeGreaterThanOrEqual(0)
  })

  it('[P2P-012] listens on and dials IPv6 too', async () => {
    const a = await start({ options: { listenIp: '::1' } })
    const b = await start()
    await b.connectPeer(addressOf(a))
    expect(b.peers()).toEqual([a.peerId])
    expect(addressOf(a)).toMatch(/^\/ip6\/::1\/tcp\//)
  })

  it('[P2P-013] announces the external address that it is given', async () => {
    const p2p = await start({ options: { advertiseIp: '1.2.3.4', advertiseTcpPort: 9999 } })
    expect(p2p.multiaddrs()).toContain(`/ip4/1.2.3.4/tcp/9999/p2p/${p2p.peerId}`)
  })

  it('[P2P-002] [P2P-017] a banned peer is disconnected and not let in again', async () => {
    const bad = await start()
    const node = await start()
    await bad.connectPeer(addressOf(node))
    const gone = new Promise((resolve) => bad.host.addEventListener('peer:disconnect', resolve, { once: true }))
    await node.gater.banPeer(bad.peerId, Date.now() + 60_000)
    await node.disconnectPeer(bad.peerId)
    await gone
    // The dialler sees the connection before the other side has looked at who it is, and then loses it.
    const lost = new Promise((resolve) => bad.host.addEventListener('peer:disconnect', resolve, { once: true }))
    await Promise.allSettled([bad.connectPeer(addressOf(node)), lost])
    expect(node.peers()).toEqual([])
    expect(node.value('p2p_accepts', { allow: false })).toBeGreaterThan(0)
  })

  it('[P2P-016] keeps its peers and bans on disk', async () => {
    const path = join(await folder(), 'peerstore')
    const other = await start()
    const first = await start({ options: { peerstorePath: path } })
    await first.connectPeer(addressOf(other))
    await first.gater.banPeer(other.peerId, Date.now() + 60_000)
    await first.close()
    const second = await start({ options: { peerstorePath: path } })
    expect(second.gater.bannedPeers()).toEqual([other.peerId])
    expect((await second.host.peerStore.all()).map((peer) => peer.id.toString())).toContain(other.peerId)
  })

  it('dials a static peer again when it comes back', async () => {
    const options = { key: { raw: KEY }, listenTcpPort: await freePort() }
    const peer = await start({ options })
    const node = await start({ options: { staticPeers: [addressOf(peer)] } })
    const event = (name: 'peer:connect' | 'peer:disconnect') =>
      new Promise((resolve) => node.host.addEventListener(name, resolve, { once: true }))
    if (node.peers().length === 0) await event('peer:connect')
    const gone = event('peer:disconnect')
    await peer.close()
    await gone
    const back = event('peer:connect')
    await start({ options })
    await back
    expect(node.peers()).toEqual([peer.peerId])
  })

  it('names the port and the flag when the port is taken', async () => {
    const blocker = createServer()
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
    const { port } = blocker.address() as { port: number }
    await expect(
      createP2P({
        config: DEFAULT_CONFIG,
        getUnsafeBlockSigner: () => null,
        options: { listenIp: '127.0.0.1', listenTcpPort: port },
      }),
    ).rejects.toThrow(`P2P tcp port ${port} is already in use; choose another with --p2p.listen.tcp`)
    blocker.close()
  })

  it('refuses a static peer without an id', async () => {
    await expect(start({ options: { staticPeers: ['/ip4/127.0.0.1/tcp/1'] } })).rejects.toThrow('/p2p/<peer id>')
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
