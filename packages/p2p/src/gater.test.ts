import { nullLogger } from '@keelson/service'
import { ManualClock, recordedMetrics } from '@keelson/service/testing'
import type { MultiaddrConnection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { createGater } from './gater.ts'
import { createP2PMetrics } from './metrics.ts'
import { createMemoryStore } from './store.ts'

const PEER = '16Uiu2HAm4wN4epAyuj82ix2QC1Uc2vQd833szwvsNpLqhubPz8xa'
const peer = peerIdFromString(PEER)
const from = (address: string) => ({ remoteAddr: multiaddr(address) }) as MultiaddrConnection

async function setUp(store = createMemoryStore()) {
  const clock = new ManualClock()
  const { registry, value } = recordedMetrics()
  const gater = await createGater({ store, clock, metrics: createP2PMetrics(registry), log: nullLogger })
  return { store, clock, value, gater }
}

describe('connection gater', () => {
  it('[P2P-002] keeps out a banned peer, both ways, until the ban has run out', async () => {
    const { gater, clock, value } = await setUp()
    await gater.banPeer(PEER, clock.now() + 1000)
    expect(gater.libp2p.denyDialPeer?.(peer)).toBe(true)
    expect(gater.libp2p.denyInboundEncryptedConnection?.(peer, from('/ip4/1.2.3.4/tcp/1'))).toBe(true)
    expect(gater.bannedPeers()).toEqual([PEER])
    await clock.advance(1000)
    expect(gater.libp2p.denyDialPeer?.(peer)).toBe(false)
    expect(value('p2p_peer_unbans')).toBe(1)
    expect(value('p2p_dials', { allow: false })).toBe(1)
  })

  it('[P2P-002] keeps out a banned IP', async () => {
    const { gater, clock, value } = await setUp()
    await gater.banIp('10.1.2.3', clock.now() + 1000)
    expect(gater.libp2p.denyInboundConnection?.(from('/ip4/10.1.2.3/tcp/5'))).toBe(true)
    expect(gater.libp2p.denyDialMultiaddr?.(multiaddr('/ip4/10.1.2.3/tcp/5'))).toBe(true)
    expect(gater.libp2p.denyInboundConnection?.(from('/ip4/10.1.2.4/tcp/5'))).toBe(false)
    await clock.advance(1000)
    expect(gater.libp2p.denyInboundConnection?.(from('/ip4/10.1.2.3/tcp/5'))).toBe(false)
    expect(value('p2p_ip_unbans')).toBe(1)
  })

  it('[P2P-016] finds bans and blocks again after a restart', async () => {
    const { gater, store, clock } = await setUp()
    await gater.banPeer(PEER, clock.now() + 60_000)
    await gater.blockAddr('1.2.3.4')
    await gater.blockSubnet({ ip: '10.0.0.0', prefix: 8 })
    const again = (await setUp(store)).gater
    expect(again.bannedPeers()).toEqual([PEER])
    expect(again.libp2p.denyInboundConnection?.(from('/ip4/1.2.3.4/tcp/5'))).toBe(true)
    expect(again.libp2p.denyInboundConnection?.(from('/ip4/10.200.0.1/tcp/5'))).toBe(true)
    await again.unblockSubnet({ ip: '10.0.0.0', prefix: 8 })
    await again.unblockAddr('1.2.3.4')
    expect((await setUp(store)).gater.libp2p.denyInboundConnection?.(from('/ip4/10.200.0.1/tcp/5'))).toBe(false)
  })

  it('knows an IPv4 address inside an IPv6 one', async () => {
    const { gater } = await setUp()
    await gater.blockAddr('1.2.3.4')
    expect(gater.libp2p.denyInboundConnection?.(from('/ip6/::ffff:1.2.3.4/tcp/5'))).toBe(true)
  })
})
