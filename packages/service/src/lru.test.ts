import { describe, expect, it } from 'vitest'
import { Lru } from './lru.ts'

describe('Lru', () => {
  it('forgets what was used least recently, and says so', () => {
    const evicted: string[] = []
    const lru = new Lru<string, number>(2, { onEvict: (key) => void evicted.push(key) })
    lru.set('a', 1)
    lru.set('b', 2)
    expect(lru.get('a')).toBe(1)
    lru.set('c', 3)
    expect([evicted, lru.has('b'), lru.size]).toEqual([['b'], false, 2])
  })

  it('weighs what it keeps, also what is replaced and deleted', () => {
    const lru = new Lru<string, Uint8Array>(100, { weigh: ({ length }) => length })
    lru.set('a', new Uint8Array(60))
    lru.set('a', new Uint8Array(30))
    lru.set('b', new Uint8Array(70))
    expect(lru.size).toBe(2)
    lru.delete('b')
    lru.set('c', new Uint8Array(70))
    expect(lru.has('a')).toBe(true)
    lru.set('d', new Uint8Array(31))
    expect([lru.has('a'), lru.has('c'), lru.has('d')]).toEqual([false, false, true])
  })

  it('keeps the last entry even when it is too heavy, and nothing beside it', () => {
    const lru = new Lru<string, Uint8Array>(100, { weigh: ({ length }) => length })
    lru.set('a', new Uint8Array(10))
    lru.set('b', new Uint8Array(200))
    expect([lru.has('a'), lru.has('b')]).toEqual([false, true])
    lru.set('c', new Uint8Array(90))
    expect([lru.has('b'), lru.has('c')]).toEqual([false, true])
  })
})
