import { ManualClock, settle } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import { scriptedRpc } from '../testing/scriptedRpc.ts'
import { ByteCache } from './byteCache.ts'
import { limitedRpc } from './limitedRpc.ts'

describe('limitedRpc', () => {
  it('lets no more requests under way than allowed, and none get lost', async () => {
    const gates: (() => void)[] = []
    const rpc = scriptedRpc({ ask: () => new Promise<string>((resolve) => gates.push(() => resolve('answer'))) })
    const limited = limitedRpc(rpc, { maxConcurrency: 2 })
    const answers = Promise.all([1, 2, 3, 4, 5].map(() => limited.request('ask')))
    const seen: number[] = []
    for (let done = 0; done < 5; done++) {
      await settle()
      seen.push(gates.length)
      gates[done]?.()
    }
    expect(await answers).toEqual(Array(5).fill('answer'))
    expect(seen).toEqual([2, 3, 4, 5, 5])
  })

  it('goes on after a failure', async () => {
    const limited = limitedRpc(scriptedRpc({ ask: () => 7 }), { maxConcurrency: 1 })
    await expect(limited.request('missing')).rejects.toThrow('does not exist')
    expect(await limited.request('ask')).toBe(7)
  })

  it('spreads calls over time past the first burst', async () => {
    const clock = new ManualClock()
    const rpc = scriptedRpc({ ask: () => 1 })
    const limited = limitedRpc(rpc, { rateLimit: 10, maxBatchSize: 2, clock })
    const all = Promise.all(Array.from({ length: 6 }, () => limited.request('ask')))
    await settle()
    const atOnce = rpc.calls.length
    await clock.advance(1000)
    await all
    expect(atOnce).toBeLessThanOrEqual(3)
    expect(rpc.calls.length).toBe(6)
  })

  it('splits long batches and keeps the order of the answers', async () => {
    const limited = limitedRpc(scriptedRpc({ echo: (n: number) => n }), { maxBatchSize: 3 })
    const answers = await limited.batch([1, 2, 3, 4, 5, 6, 7].map((n) => ({ method: 'echo', params: [n] })))
    expect(answers.map((answer) => answer.ok && answer.result)).toEqual([1, 2, 3, 4, 5, 6, 7])
  })
})

describe('ByteCache', () => {
  it('gives up what was used least recently when the bytes do not suffice', () => {
    const cache = new ByteCache<string>(100)
    cache.set('a', 'A', 40)
    cache.set('b', 'B', 40)
    expect(cache.get('a')).toBe('A')
    cache.set('c', 'C', 40)
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.bytes]).toEqual(['A', undefined, 'C', 80])
  })

  it('does not keep what is larger than itself, and counts a replaced value once', () => {
    const cache = new ByteCache<string>(10)
    cache.set('big', 'B', 11)
    expect(cache.has('big')).toBe(false)
    cache.set('x', '1', 4)
    cache.set('x', '2', 6)
    expect([cache.get('x'), cache.bytes]).toEqual(['2', 6])
  })
})
