import type { Hash, L1BlockRef } from '@keelson/protocol'
import { ManualClock, recordedLogs } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import { createL1HeadTracker } from './headTracker.ts'
import type { L1HeadEvent, L1Label } from './l1Api.ts'

const hash = (fork: number, number: number): Hash =>
  `0x${fork.toString(16).padStart(32, '0')}${number.toString(16).padStart(32, '0')}`
const block = (number: number, fork = 0, parentFork = fork): L1BlockRef => ({
  hash: hash(fork, number),
  number: BigInt(number),
  parentHash: hash(parentFork, number - 1),
  timestamp: BigInt(number * 12),
})

function setup() {
  const labels: { [L in L1Label]: L1BlockRef | null | Error } = { latest: block(10), safe: block(6), finalized: null }
  const canonical = new Map<bigint, L1BlockRef>()
  const clock = new ManualClock()
  const { log, lines } = recordedLogs()
  const tracker = createL1HeadTracker({
    l1: {
      getBlockRefByLabel: async (label) => {
        const at = labels[label]
        if (at instanceof Error) throw at
        return at
      },
      getBlockRefByNumber: async (number) => canonical.get(number) ?? null,
    },
    clock,
    log,
  })
  const events: L1HeadEvent[] = []
  tracker.on((event) => events.push(event))
  return { labels, canonical, clock, tracker, events, lines }
}

describe('createL1HeadTracker', () => {
  it('tells of the heads at the start and of each move, by label', async () => {
    const { labels, tracker, events } = setup()
    expect(await tracker.start()).toEqual(block(10))
    expect(events.map(({ label, to }) => [label, to.number])).toEqual([
      ['latest', 10n],
      ['safe', 6n],
    ])
    labels.latest = block(11)
    labels.finalized = block(2)
    await tracker.refresh()
    await tracker.refresh()
    expect(events.slice(2).map(({ label, from, to, reorg }) => [label, from?.number, to.number, reorg])).toEqual([
      ['latest', 10n, 11n, false],
      ['finalized', undefined, 2n, false],
    ])
    expect(tracker.heads.finalized).toEqual(block(2))
    tracker.close()
  })

  it('sees a reorg: a sibling, a shorter chain, a child of another parent, a longer chain without the old head', async () => {
    const { labels, canonical, tracker, events } = setup()
    await tracker.start()
    const move = async (to: L1BlockRef) => {
      labels.latest = to
      await tracker.refresh()
      return events.at(-1)?.reorg
    }
    expect(await move(block(10, 1))).toBe(true)
    expect(await move(block(9, 1))).toBe(true)
    expect(await move(block(10, 2, 0))).toBe(true)
    canonical.set(10n, block(10, 2))
    expect(await move(block(13, 2))).toBe(false)
    canonical.set(13n, block(13, 3))
    expect(await move(block(20, 3))).toBe(true)
    tracker.close()
  })

  it('waits for an L1 that is not there yet and says what it waits for', async () => {
    const { labels, clock, tracker, lines } = setup()
    labels.latest = new Error('connection refused')
    const starting = tracker.start()
    await clock.advance(3000)
    expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'Waiting for L1 to answer eth_getBlockByNumber',
    ])
    labels.latest = block(10)
    await clock.advance(1000)
    expect((await starting).number).toBe(10n)
    tracker.close()
  })

  it('goes on polling through failures, complaining once, and stops when closed', async () => {
    const { labels, clock, tracker, events, lines } = setup()
    await tracker.start()
    labels.latest = new Error('timeout')
    await clock.advance(36_000)
    expect(lines.filter(({ level }) => level === 'warn').length).toBe(1)
    labels.latest = block(12)
    await clock.advance(12_000)
    expect(events.at(-1)?.to.number).toBe(12n)
    tracker.close()
    labels.latest = block(14)
    await clock.advance(60_000)
    expect(events.at(-1)?.to.number).toBe(12n)
  })

  it('ends the wait with the reason of the signal', async () => {
    const { labels, tracker } = setup()
    labels.latest = new Error('no')
    await expect(tracker.start(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  })
})
