import fc from 'fast-check'
import { expect, it } from 'vitest'
import { batchOn, l1Chain, l2Block } from '../../testing/index.ts'
import type { QueuedBatch } from './batchContext.ts'
import { FutureBatches } from './futureBatches.ts'

const [inclusion] = l1Chain(1)
if (!inclusion) throw new Error('no L1 block')
const parent = l2Block(5n, inclusion)
const queued = (timestamp: bigint): QueuedBatch => ({
  inclusion,
  decoded: { type: 'singular', batch: batchOn(parent, inclusion, { timestamp }), channel: 1 },
})

it('[DER-149] [DER-151] batches of the future come out by time, and in the order of inclusion at the same time', () => {
  const times = fc.array(fc.nat(12), { minLength: 1, maxLength: 60, size: 'max' })
  fc.assert(
    fc.property(times, fc.nat(12), (added, until) => {
      const future = new FutureBatches()
      for (const [order, time] of added.entries()) future.add(queued(BigInt(time)), order)
      const taken: (readonly [time: bigint, order: number])[] = []
      for (let next = future.takeDue(BigInt(until)); next; next = future.takeDue(BigInt(until)))
        taken.push([next.queued.decoded.batch.timestamp, next.order])
      const all = added.map((time, order) => [BigInt(time), order] as const)
      const due = all.filter(([time]) => time <= BigInt(until)).toSorted(([a, i], [b, j]) => Number(a - b) || i - j)
      expect(taken).toEqual(due)
      expect(future.size).toBe(added.length - due.length)
    }),
    { numRuns: 300, seed: 7 },
  )
})
