import { type ExecutionPayloadEnvelope, ZERO_HASH } from '@keelson/protocol'
import { ManualClock } from '@keelson/service/testing'
import { multiaddr } from '@multiformats/multiaddr'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeRequest, payloadByNumberProtocol, readResponse } from '../src/index.ts'
import { readBytes, writeBytes } from '../src/streamIo.ts'
import { testBlock, testChain } from '../testing/index.ts'
import { addressOf, createServices } from './service.ts'

const services = createServices()
const { config, start } = services
afterAll(() => services.closeAll())

const chain = testChain(1n, 19n, config)
const serving = async (number: bigint) => chain[Number(number) - 1] ?? null
const refOf = ({ executionPayload: p }: ExecutionPayloadEnvelope) => ({
  hash: p.blockHash,
  number: p.blockNumber,
  parentHash: p.parentHash,
  timestamp: p.timestamp,
  l1Origin: { hash: ZERO_HASH, number: 0n },
  sequenceNumber: 0n,
})
/** One turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve))
type Service = Awaited<ReturnType<typeof start>>

async function ask(client: Service, server: Service, request: Uint8Array): Promise<Uint8Array> {
  const stream = await client.host.dialProtocol(multiaddr(addressOf(server)), payloadByNumberProtocol(901n))
  await writeBytes(stream, request)
  return readBytes(stream, 1 << 24)
}

describe('payload_by_number between hosts', () => {
  it('[P2P-089] [P2P-090] [P2P-094] serves a block', async () => {
    const server = await start({ payloadByNumber: serving })
    const client = await start()
    const bytes = await ask(client, server, encodeRequest(5n))
    expect(readResponse(config, 5n, bytes)).toEqual({ code: 0, envelope: chain[4] })
    expect(server.value('p2p_req_total', { p2p_role: 'server', p2p_method: 'payload_by_number', result_code: 0 })).toBe(
      1,
    )
    expect(server.value('p2p_payload_by_number', { p2p_role: 'server' })).toBe(5)
  })

  it('[P2P-091] [P2P-100] answers a code where it cannot serve', async () => {
    const server = await start({
      payloadByNumber: async (number) => {
        if (number === 3n) throw new Error('engine is away')
        return number === 4n ? null : serving(number)
      },
    })
    const client = await start()
    expect([...(await ask(client, server, encodeRequest(4n)))]).toEqual([1])
    expect([...(await ask(client, server, encodeRequest(1000n)))]).toEqual([2])
    expect([...(await ask(client, server, encodeRequest(3n)))]).toEqual([3])
    expect([...(await ask(client, server, new Uint8Array(3)))]).toEqual([3])
  })

  it('[P2P-088] a host that does not serve has no such protocol', async () => {
    const off = await start({ payloadByNumber: serving, options: { reqResp: false } })
    const client = await start()
    await expect(ask(client, off, encodeRequest(5n))).rejects.toThrow()
    expect(off.host.getProtocols()).not.toContain(payloadByNumberProtocol(901n))
  })

  it('[P2P-097] [P2P-102] a gap is filled from peers, last block first', async () => {
    const servers = [await start({ payloadByNumber: serving }), await start({ payloadByNumber: serving })]
    const client = await start({ options: { staticPeers: servers.map(addressOf) } })
    while (client.peers().length < 2) {
      await new Promise((resolve) => client.host.addEventListener('peer:connect', resolve, { once: true }))
    }
    const got: bigint[] = []
    const done = new Promise<void>((resolve) =>
      client.onUnsafePayload(({ executionPayload }) => {
        got.push(executionPayload.blockNumber)
        if (got.length === 17) resolve()
      }),
    )
    await client.requestRange(refOf(chain[0] as ExecutionPayloadEnvelope), refOf(chain[18] as ExecutionPayloadEnvelope))
    await done
    expect(got).toEqual(Array.from({ length: 17 }, (_, i) => BigInt(18 - i)))
    const asked = servers.map((server) =>
      server.value('p2p_req_total', { p2p_role: 'server', p2p_method: 'payload_by_number', result_code: 0 }),
    )
    expect(asked.reduce((a, b) => a + b, 0)).toBe(17)
  })

  it('[P2P-098] a peer that sends another chain is not believed', async () => {
    const server = await start({ payloadByNumber: async (number) => testBlock({ config, number }) })
    const client = await start({ options: { staticPeers: [addressOf(server)] } })
    while (client.peers().length < 1) {
      await new Promise((resolve) => client.host.addEventListener('peer:connect', resolve, { once: true }))
    }
    const got: bigint[] = []
    client.onUnsafePayload(({ executionPayload }) => void got.push(executionPayload.blockNumber))
    await client.requestRange(
      refOf(chain[15] as ExecutionPayloadEnvelope),
      refOf(chain[18] as ExecutionPayloadEnvelope),
    )
    const answered = () =>
      client.value('p2p_req_total', { p2p_role: 'client', p2p_method: 'payload_by_number', result_code: 0 })
    while (answered() < 2) await turn()
    expect(got).toEqual([])
    expect(client.value('p2p_payloads_quarantine_total')).toBeGreaterThan(0)
  })

  it('[P2P-101] a peer that asks more often than its burst of 15 waits for its turn, 4 a second', async () => {
    const clock = new ManualClock(Number(config.genesis.l2Time + 40n) * 1000)
    const server = await start({ payloadByNumber: serving, clock })
    const client = await start()
    const served = () =>
      server.value('p2p_req_total', { p2p_role: 'server', p2p_method: 'payload_by_number', result_code: 0 })
    // The connection stands before many streams are opened at once.
    await ask(client, server, encodeRequest(5n))
    const timers = clock.pending
    const answers = Promise.all(Array.from({ length: 22 }, () => ask(client, server, encodeRequest(5n))))
    while (served() < 15 || clock.pending < timers + 8) await turn()
    expect(served()).toBe(15)
    await clock.advance(1000)
    while (served() < 19) await turn()
    await clock.advance(1000)
    expect((await answers).map((bytes) => bytes[0])).toEqual(Array(22).fill(0))
  })

  it('drops requests for ranges that L1 has long had', async () => {
    const client = await start()
    const old = { ...refOf(chain[0] as ExecutionPayloadEnvelope), timestamp: config.genesis.l2Time - 50_000n }
    await expect(client.requestRange(old, refOf(chain[18] as ExecutionPayloadEnvelope))).resolves.toBeUndefined()
  })
})
