import { expect, it } from 'vitest'
import { Lru } from './lru.ts'

it('forgets what was used least recently, and says so', () => {
  const evicted: string[] = []
  const lru = new Lru<string, number>(2, (key) => void evicted.push(key))
  lru.set('a', 1)
  lru.set('b', 2)
  expect(lru.get('a')).toBe(1)
  lru.set('c', 3)
  expect([evicted, lru.has('b'), lru.size]).toEqual([['b'], false, 2])
})
