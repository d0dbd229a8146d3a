import type { ExecutionPayloadEnvelope, L2BlockRef } from '@keelson/protocol'
import { nullLogger, nullMetrics } from '@keelson/service'
import { ManualClock } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import { testBlock, testChain } from '../testing/index.ts'
import type { ReqRespEvent } from './appScores.ts'
import { createP2PMetrics } from './metrics.ts'
import type { RequestOutcome } from './reqRespClient.ts'
import { createSyncClient, type SyncClientParts } from './syncClient.ts'

const refOf = ({ executionPayload: p }: ExecutionPayloadEnvelope): L2BlockRef => ({
  hash: p.blockHash,
  number: p.blockNumber,
  parentHash: p.parentHash,
  timestamp: p.timestamp,
  l1Origin: { hash: p.blockHash, number: 0n },
  sequenceNumber: 0n,
})
const chain = testChain(1n, 40n)
const at = (number: number) => chain[number - 1] as ExecutionPayloadEnvelope

type Answer = (peer: string, number: bigint) => RequestOutcome | Promise<RequestOutcome>
const honest: Answer = (_, number) => ({ kind: 'payload', envelope: at(Number(number)) })

function setUp(answer: Answer, parts: Partial<SyncClientParts> = {}) {
  const clock = new ManualClock()
  const asked: [string, bigint][] = []
  const received: bigint[] = []
  const scored: [string, ReqRespEvent][] = []
  const client = createSyncClient({
    request: async (peer, number) => {
      asked.push([peer, number])
      return answer(peer, number)
    },
    receive: (_, { executionPayload }) => void received.push(executionPayload.blockNumber),
    scores: { record: (peer, event) => void scored.push([peer, event]) },
    clock,
    log: nullLogger,
    metrics: createP2PMetrics(nullMetrics),
    ...parts,
  })
  return { client, clock, asked, received, scored }
}

describe('sync client', () => {
  it('[P2P-097] walks back from a trusted block and hands over what hangs together by parent hashes', async () => {
    const { client, clock, received, scored } = setUp(honest)
    client.addPeer('a', false)
    await client.requestRange(refOf(at(1)), refOf(at(6)))
    await clock.advance(5000)
    expect(received).toEqual([5n, 4n, 3n, 2n])
    expect(scored).toEqual(Array(4).fill(['a', 'validResponses']))
    client.close()
  })

  it('[P2P-098] holds back a block that nothing trusted leads to, and drops it for the right one', async () => {
    const wrong = testBlock({ number: 5n })
    let lie = true
    const { client, clock, received, scored } = setUp((peer, number) => {
      if (number !== 5n || !lie) return honest(peer, number)
      lie = false
      return { kind: 'payload', envelope: wrong }
    })
    client.addPeer('liar', false)
    await client.requestRange(refOf(at(4)), refOf(at(6)))
    await clock.advance(1000)
    expect(received).toEqual([])
    // The next gossiped block leads past it: block 6 comes, and what is held at 5 is not its parent.
    await client.requestRange(refOf(at(4)), refOf(at(7)))
    await clock.advance(5000)
    expect(received).toEqual([6n])
    expect(scored).toContainEqual(['liar', 'rejectedPayloads'])
    await client.requestRange(refOf(at(4)), refOf(at(6)))
    await clock.advance(5000)
    expect(received).toEqual([6n, 5n])
    client.close()
  })

  it('[P2P-098] a held block is handed over when a later answer names it as parent', async () => {
    const gate = Promise.withResolvers<void>()
    const { client, clock, received } = setUp(async (peer, number) => {
      if (number === 9n) await gate.promise
      return honest(peer, number)
    })
    client.addPeer('slow', false)
    client.addPeer('fast', false)
    await client.requestRange(refOf(at(6)), refOf(at(10)))
    await clock.advance(3000)
    expect(received).toEqual([])
    gate.resolve()
    await clock.advance(1000)
    expect(received).toEqual([9n, 8n, 7n])
    client.close()
  })

  it('[P2P-099] a block that is not there switches its range off, without penalty', async () => {
    const { client, clock, asked, received, scored } = setUp(() => ({ kind: 'notFound' }))
    client.addPeer('a', false)
    await client.requestRange(refOf(at(1)), refOf(at(6)))
    await clock.advance(60_000)
    expect(asked).toEqual([['a', 5n]])
    expect([received, scored]).toEqual([[], []])
    // A new request for the range asks again.
    await client.requestRange(refOf(at(1)), refOf(at(6)))
    await clock.advance(10_000)
    expect(asked.length).toBe(2)
    client.close()
  })

  it('[P2P-099] a failed request costs score and tokens, and the next numbers are still asked for', async () => {
    const { client, clock, asked, scored } = setUp((peer, number) =>
      number === 5n ? { kind: 'failed', reason: 'x' } : honest(peer, number),
    )
    client.addPeer('a', false)
    await client.requestRange(refOf(at(3)), refOf(at(6)))
    await clock.advance(0)
    expect(asked).toEqual([['a', 5n]])
    expect(scored).toEqual([['a', 'errorResponses']])
    await clock.advance(10_000)
    expect(asked.map(([, number]) => number)).toEqual([5n, 4n])
    client.close()
  })

  it('[P2P-102] asks several peers at once', async () => {
    let open = 0
    let most = 0
    const gate = Promise.withResolvers<void>()
    const { client, clock, received } = setUp(async (peer, number) => {
      most = Math.max(most, ++open)
      await gate.promise
      open--
      return honest(peer, number)
    })
    for (const peer of ['a', 'b', 'c']) client.addPeer(peer, false)
    await client.requestRange(refOf(at(1)), refOf(at(8)))
    await clock.advance(0)
    expect(most).toBe(3)
    gate.resolve()
    await clock.advance(10_000)
    expect(received).toEqual([7n, 6n, 5n, 4n, 3n, 2n])
    client.close()
  })

  it('[P2P-101] asks one peer no more than 4 times a second after a burst of 15', async () => {
    const { client, clock, asked } = setUp(honest)
    client.addPeer('a', false)
    await client.requestRange(refOf(at(1)), refOf(at(40)))
    await clock.advance(0)
    expect(asked.length).toBe(15)
    await clock.advance(1000)
    expect(asked.length).toBe(19)
    client.close()
  })

  it('asks only static peers when told so', async () => {
    const { client, clock, asked } = setUp(honest, { onlyStatic: true })
    client.addPeer('any', false)
    client.addPeer('static', true)
    await client.requestRange(refOf(at(1)), refOf(at(4)))
    await clock.advance(2000)
    expect(new Set(asked.map(([peer]) => peer))).toEqual(new Set(['static']))
    client.close()
  })

  it('keeps a block that its receiver does not take', async () => {
    let refuse = true
    const received: bigint[] = []
    const { client, clock } = setUp(honest, {
      receive: (_, { executionPayload }) => {
        if (refuse) throw new Error('full')
        received.push(executionPayload.blockNumber)
      },
    })
    client.addPeer('a', false)
    await client.requestRange(refOf(at(3)), refOf(at(6)))
    await clock.advance(2000)
    refuse = false
    await client.requestRange(refOf(at(3)), refOf(at(6)))
    await clock.advance(2000)
    expect(received).toEqual([5n, 4n])
    client.close()
  })

  it('does nothing for an end that is not known', async () => {
    const { client, clock, asked } = setUp(honest)
    client.addPeer('a', false)
    const unknown = { ...refOf(at(6)), hash: `0x${'00'.repeat(32)}` as const }
    await client.requestRange(refOf(at(1)), unknown)
    await clock.advance(1000)
    expect(asked).toEqual([])
    client.close()
  })
})
