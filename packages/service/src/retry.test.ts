import { expect, it } from 'vitest'
import { ManualClock } from '../testing/index.ts'
import { exponentialBackoff, fixedBackoff, retry } from './retry.ts'

it('tries until it succeeds, waiting as the strategy says', async () => {
  const clock = new ManualClock()
  const start = clock.now()
  const times: number[] = []
  const done = retry(
    async (attempt) => {
      times.push(clock.now() - start)
      if (attempt < 3) throw new Error('not yet')
      return attempt
    },
    { attempts: 5, strategy: exponentialBackoff({ jitterMs: 0 }), clock },
  )
  await clock.advance(10_000)
  expect(await done).toBe(3)
  expect(times).toEqual([0, 1000, 3000])
})

it('gives up after the last attempt, or at once when the error cannot be mended', async () => {
  const clock = new ManualClock()
  let tries = 0
  const fail = async () => {
    tries++
    throw new Error('no')
  }
  const failed = expect(retry(fail, { attempts: 2, strategy: fixedBackoff(5), clock })).rejects.toThrow('no')
  await clock.advance(5)
  await failed
  expect(tries).toBe(2)
  await expect(retry(fail, { attempts: 9, clock, retryable: () => false })).rejects.toThrow('no')
  expect(tries).toBe(3)
})

it('stops waiting when the signal aborts', async () => {
  const clock = new ManualClock()
  const abort = new AbortController()
  const stopped = expect(
    retry(async () => Promise.reject(new Error('no')), { attempts: 9, clock, signal: abort.signal }),
  ).rejects.toThrow('stop')
  await clock.advance(1)
  abort.abort(new Error('stop'))
  await stopped
  expect(clock.pending).toBe(0)
})
