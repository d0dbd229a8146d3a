import { ManualClock } from '@keelson/service/testing'
import { expect, it } from 'vitest'
import { createTokenBucket } from './tokenBucket.ts'

it('[P2P-101] lets a burst through, then one request each quarter of a second', async () => {
  const clock = new ManualClock()
  const bucket = createTokenBucket(4, 15, clock.now)
  expect(Array.from({ length: 15 }, () => bucket.reserve())).toEqual(Array(15).fill(0))
  expect([bucket.reserve(), bucket.reserve()]).toEqual([250, 500])
  await clock.advance(10_000)
  expect(bucket.reserve(15)).toBe(0)
})

it('[P2P-101] takes nothing when the wait would pass the limit', async () => {
  const clock = new ManualClock()
  const bucket = createTokenBucket(4, 15, clock.now)
  for (let i = 0; i < 95; i++) expect(bucket.tryReserve(20_000)).not.toBeNull()
  expect(bucket.tryReserve(20_000)).toBeNull()
  expect(bucket.tryReserve(20_000)).toBeNull()
  await clock.advance(250)
  expect(bucket.tryReserve(20_000)).toBe(20_000)
})
