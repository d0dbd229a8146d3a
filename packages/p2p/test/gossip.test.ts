import { type ExecutionPayloadEnvelope, encodePayloadSsz } from '@keelson/protocol'
import { StrictSign } from '@libp2p/gossipsub'
import { afterAll, describe, expect, it } from 'vitest'
import { createHost } from '../src/host.ts'
import {
  blocksTopic,
  DEFAULT_MESH,
  DEFAULT_P2P_OPTIONS,
  tryDecodeSnappy as decode,
  encodeSnappy,
  gossipOptions,
  loadNodeKey,
} from '../src/index.ts'
import { noScoreParams } from '../src/scoreParams.ts'
import { GRANITE, signedBody, TEST_SIGNER, testBlock, testConfig, testMessage } from '../testing/index.ts'
import { addressOf, createServices, meshed, nextBlock, nowSeconds, numberNow } from './service.ts'

const services = createServices()
const { config, start } = services
afterAll(() => services.closeAll())
/** One turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('block gossip between hosts', () => {
  it('[P2P-001] [P2P-046] a block published by the sequencer arrives at another host, whole', async () => {
    const sequencer = await start({ signer: TEST_SIGNER })
    const verifier = await start({ options: { staticPeers: [addressOf(sequencer)] } })
    await meshed(sequencer, verifier)
    const own: ExecutionPayloadEnvelope[] = []
    sequencer.onUnsafePayload((envelope) => void own.push(envelope))
    const arrived = nextBlock(verifier)
    const block = testBlock({ config, number: numberNow(config) })
    await sequencer.publish(block)
    const { envelope, from } = await arrived
    expect(envelope).toEqual(block)
    expect(from).toBe(sequencer.peerId)
    // Its own block is not fed back to the sequencer, and sending it again is no error.
    await sequencer.publish(block)
    expect(own).toEqual([])
    expect(verifier.value('keelson_p2p_block_validations_total', { verdict: 'accept', reason: 'valid' })).toBe(1)
    const event = (p2p: typeof verifier, type: string) => p2p.value('p2p_gossip_events_total', { type })
    expect([event(sequencer, 'PUBLISH_MESSAGE'), event(verifier, 'DELIVER_MESSAGE')]).toEqual([1, 1])
    expect([event(sequencer, 'SEND_RPC') > 0, event(verifier, 'RECV_RPC') > 0]).toEqual([true, true])
    expect(verifier.value('p2p_bandwidth_bytes_total', { direction: 'in' })).toBeGreaterThan(200)
    expect(sequencer.value('p2p_bandwidth_bytes_total', { direction: 'out' })).toBeGreaterThan(200)
  })

  it('[P2P-041] an accepted block is relayed to hosts that are not connected to the sequencer', async () => {
    const sequencer = await start({ signer: TEST_SIGNER })
    const middle = await start({ options: { staticPeers: [addressOf(sequencer)] } })
    await meshed(sequencer, middle)
    const far = await start({ options: { staticPeers: [addressOf(middle)] } })
    await meshed(middle, far)
    const arrived = nextBlock(far)
    await sequencer.publish(testBlock({ config, number: numberNow(config) }))
    expect((await arrived).from).toBe(middle.peerId)
    expect(far.peers()).toEqual([middle.peerId])
  })

  it('[P2P-041] a rejected block is neither delivered nor relayed, and counted by its reason', async () => {
    const liar = await start()
    const victim = await start({ options: { staticPeers: [addressOf(liar)] } })
    await meshed(liar, victim)
    const behind = await start({ options: { staticPeers: [addressOf(victim)] } })
    await meshed(victim, behind)
    const topic = blocksTopic(config.l2ChainId, 2)
    const { pubsub } = liar.host.services
    const bad = testBlock({ config, number: numberNow(config), overrides: { blockHash: `0x${'ab'.repeat(32)}` } })
    await pubsub.publish(topic, await testMessage(bad))
    await pubsub.publish(topic, encodeSnappy(new Uint8Array(10)))
    // A good block after them shows that they have been through.
    const arrived = nextBlock(behind)
    const good = testBlock({ config, number: numberNow(config) })
    await pubsub.publish(topic, encodeSnappy(await signedBody(encodePayloadSsz(good))))
    expect((await arrived).envelope.executionPayload.blockHash).toBe(good.executionPayload.blockHash)
    expect(victim.value('keelson_p2p_block_validations_total', { verdict: 'reject', reason: 'badBlockHash' })).toBe(1)
    expect(victim.value('keelson_p2p_block_validations_total', { verdict: 'reject', reason: 'tooSmall' })).toBe(1)
    expect(behind.value('keelson_p2p_block_validations_total', { verdict: 'reject', reason: 'badBlockHash' })).toBe(0)
  })

  it('[P2P-045] [P2P-054] an Isthmus block goes over the fourth topic', async () => {
    const isthmus = createServices(testConfig({ ...GRANITE, holocene: 0n, isthmus: 0n }, nowSeconds() - 40n))
    const sequencer = await isthmus.start({ signer: TEST_SIGNER })
    const verifier = await isthmus.start({ options: { staticPeers: [addressOf(sequencer)] } })
    await meshed(sequencer, verifier, '/optimism/901/3/blocks')
    const topics: string[] = []
    verifier.host.services.pubsub.addEventListener('message', ({ detail }) => void topics.push(detail.topic))
    const arrived = nextBlock(verifier)
    const block = testBlock({
      config: isthmus.config,
      number: numberNow(config),
      overrides: { withdrawalsRoot: `0x${'ef'.repeat(32)}` },
    })
    await sequencer.publish(block)
    expect((await arrived).envelope).toEqual(block)
    while (topics.length === 0) await turn()
    expect(topics).toEqual(['/optimism/901/3/blocks'])
    await isthmus.closeAll()
  })

  it('[P2P-024] a signed message is refused', async () => {
    const verifier = await start()
    const topic = blocksTopic(config.l2ChainId, 2)
    const own = gossipOptions({
      topics: [topic],
      mesh: DEFAULT_MESH,
      floodPublish: true,
      scoreParams: noScoreParams,
      decode,
    })
    // An otherwise equal host that puts author, number, signature and key into its messages.
    const signing = await createHost({
      options: { ...DEFAULT_P2P_OPTIONS, listenIp: '127.0.0.1' },
      privateKey: await loadNodeKey({}),
      gater: {},
      datastore: null,
      gossip: { ...own, globalSignaturePolicy: StrictSign },
      announce: [],
    })
    const { pubsub } = signing.services
    pubsub.subscribe(topic)
    await verifier.connectPeer(`${signing.getMultiaddrs()[0]}`)
    while (pubsub.getSubscribers(topic).length === 0) await turn()
    while (verifier.host.services.pubsub.getSubscribers(topic).length === 0) await turn()
    const disconnected = new Promise((resolve) =>
      verifier.host.addEventListener('peer:disconnect', resolve, { once: true }),
    )
    await pubsub.publish(topic, await testMessage(testBlock({ config, number: numberNow(config) })))
    await signing.stop()
    await disconnected
    for (const verdict of ['accept', 'ignore', 'reject']) {
      expect(verifier.value('keelson_p2p_block_validations_total', { verdict, reason: 'valid' })).toBe(0)
    }
  })

  it('publishes nothing without a key, nor what its own rules refuse', async () => {
    const keyless = await start()
    await expect(keyless.publish(testBlock({ config, number: numberNow(config) }))).rejects.toThrow('no sequencer key')
    const sequencer = await start({ signer: TEST_SIGNER })
    await expect(sequencer.publish(testBlock({ config, number: numberNow(config) + 100n }))).rejects.toThrow('tooNew')
    await expect(
      (await start({ signer: TEST_SIGNER, getUnsafeBlockSigner: () => null })).publish(
        testBlock({ config, number: numberNow(config) }),
      ),
    ).rejects.toThrow('unknownSigner')
  })

  it('[P2P-040] subscriptions to other topics are not even remembered', async () => {
    const stranger = createServices({ ...config, l2ChainId: 4n })
    const chatty = await stranger.start()
    const node = await start({ options: { staticPeers: [addressOf(chatty)] } })
    const { pubsub } = node.host.services
    await new Promise((resolve) => pubsub.addEventListener('subscription-change', resolve, { once: true }))
    expect(pubsub.getPeers().map(String)).toEqual([chatty.peerId])
    expect(pubsub.getSubscribers('/optimism/4/2/blocks')).toEqual([])
    await stranger.closeAll()
  })
})

describe('gossipsub options', () => {
  const options = gossipOptions({
    topics: ['t'],
    mesh: DEFAULT_MESH,
    floodPublish: false,
    scoreParams: noScoreParams,
    decode: () => null,
  })
  const cases: [string, keyof typeof options, unknown][] = [
    ['[P2P-024] no signatures', 'globalSignaturePolicy', 'StrictNoSign'],
    ['[P2P-030] D', 'D', 8],
    ['[P2P-031] D_low', 'Dlo', 6],
    ['[P2P-032] D_high', 'Dhi', 12],
    ['[P2P-033] D_lazy', 'Dlazy', 6],
    ['[P2P-034] heartbeat', 'heartbeatInterval', 500],
    ['[P2P-035] fanout', 'fanoutTTL', 24_000],
    ['[P2P-036] cached windows', 'mcacheLength', 12],
    ['[P2P-037] gossiped windows', 'mcacheGossip', 3],
    ['[P2P-038] seen messages', 'seenTTL', 65_000],
    ['[P2P-040] allowed topics', 'allowedTopics', ['t']],
    ['no peer exchange', 'doPX', false],
    ['no flood publishing', 'floodPublish', false],
  ]
  for (const [name, key, value] of cases) it(`${name}: ${key}`, () => expect(options[key]).toEqual(value))

  it('[P2P-025] bounds what one message may take', () => {
    expect(options.maxInboundDataLength).toBe(10 * 2 ** 20 + 1024)
  })
})
