import { createRpcClient } from '@keelson/service'
import { createRpcServer } from '@keelson/service/node'
import { afterAll, describe, expect, it } from 'vitest'
import { p2pRpcMethods } from '../src/index.ts'
import { addressOf, createServices, meshed } from './service.ts'

const services = createServices()
const closers: (() => Promise<void>)[] = []
afterAll(async () => {
  await Promise.all(closers.map((close) => close()))
  await services.closeAll()
})

async function setUp(options = {}) {
  const p2p = await services.start({ options })
  const server = await createRpcServer({ host: '127.0.0.1', port: 0, methods: p2pRpcMethods(p2p) })
  closers.push(() => server.close())
  const rpc = createRpcClient({ url: server.url })
  return { p2p, ask: <T>(method: string, ...params: unknown[]) => rpc.request<T>(`opp2p_${method}`, params) }
}

describe('opp2p', () => {
  it('tells of itself and its peers as op-node does', async () => {
    const a = await setUp({ userAgent: 'keelson-test' })
    const b = await setUp()
    expect(await b.ask('connectPeer', addressOf(a.p2p))).toBeNull()
    await meshed(a.p2p, b.p2p)
    const self = await a.ask<Record<string, unknown>>('self')
    expect(self).toMatchObject({ peerID: a.p2p.peerId, addresses: [addressOf(a.p2p)], chainID: 0, connectedness: 0 })
    expect(self.nodeID).toMatch(/^[0-9a-f]{64}$/)
    while ((await b.p2p.host.peerStore.get(a.p2p.host.peerId)).protocols.length === 0) {
      await new Promise((resolve) => b.p2p.host.addEventListener('peer:identify', resolve, { once: true }))
    }
    type Dump = { totalConnected: number; peers: Record<string, Record<string, unknown>> }
    const dump = await b.ask<Dump>('peers', true)
    expect(dump).toMatchObject({ totalConnected: 1, bannedPeers: [], bannedIPS: [], bannedSubnets: [] })
    expect(dump.peers[a.p2p.peerId]).toMatchObject({
      userAgent: 'keelson-test',
      connectedness: 1,
      direction: 2,
      protected: false,
      gossipBlocks: true,
      nodeID: self.nodeID,
      scores: { gossip: { total: 0 }, reqResp: { validResponses: 0, errorResponses: 0, rejectedPayloads: 0 } },
    })
    expect(await b.ask('peerStats')).toMatchObject({
      connected: 1,
      table: 0,
      blocksTopic: 1,
      blocksTopicV2: 1,
      blocksTopicV3: 1,
      blocksTopicV4: 1,
      banned: 0,
    })
    expect(await b.ask('disconnectPeer', a.p2p.peerId)).toBeNull()
    expect((await b.ask<Dump>('peers', true)).totalConnected).toBe(0)
  })

  it('blocks and unblocks peers, addresses and subnets in the form of Go', async () => {
    const { ask, p2p } = await setUp()
    const other = await services.start()
    const subnet = { IP: '10.0.0.0', Mask: '/wAAAA==' }
    expect(await ask('blockPeer', other.peerId)).toBeNull()
    expect(await ask('blockAddr', '1.2.3.4')).toBeNull()
    expect(await ask('blockSubnet', subnet)).toBeNull()
    expect(await ask('listBlockedPeers')).toEqual([other.peerId])
    expect(await ask('listBlockedAddrs')).toEqual(['1.2.3.4'])
    expect(await ask('listBlockedSubnets')).toEqual([subnet])
    await expect(ask('connectPeer', addressOf(other))).rejects.toMatchObject({ code: -32000 })
    await ask('unblockPeer', other.peerId)
    await ask('unblockAddr', '1.2.3.4')
    await ask('unblockSubnet', subnet)
    expect([await ask('listBlockedPeers'), await ask('listBlockedAddrs'), await ask('listBlockedSubnets')]).toEqual([
      [],
      [],
      [],
    ])
    await ask('protectPeer', other.peerId)
    expect(p2p.isProtected(other.peerId)).toBe(true)
    await ask('unprotectPeer', other.peerId)
    expect(p2p.isProtected(other.peerId)).toBe(false)
  })

  it('refuses what makes no sense', async () => {
    const { ask } = await setUp()
    await expect(ask('discoveryTable')).rejects.toMatchObject({ code: -32000, message: 'discovery disabled' })
    await expect(ask('blockPeer', 'nobody')).rejects.toMatchObject({ code: -32602 })
    await expect(ask('blockAddr', 'nowhere')).rejects.toMatchObject({ code: -32602 })
    await expect(ask('blockSubnet', { IP: '10.0.0.0', Mask: 'AP8AAA==' })).rejects.toMatchObject({
      message: 'invalid request',
    })
    await expect(ask('blockPeer')).rejects.toMatchObject({ code: -32602 })
    await expect(ask('peers')).rejects.toMatchObject({ code: -32602 })
  })
})
