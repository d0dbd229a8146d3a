import type { L1BlockRef } from '@keelson/protocol'
import { expect, it } from 'vitest'
import { l1Chain } from '../testing/index.ts'
import { L1Window } from './l1Window.ts'

const chain = l1Chain(5_000)
const number = (index: number) => (chain[index] as L1BlockRef).number

it('an L1 window gives the blocks in it by height, and no other', () => {
  const window = new L1Window()
  expect([window.first, window.last, window.length, window.get(100n)]).toEqual([null, null, 0, null])
  for (const block of chain.slice(3, 6)) window.push(block)
  expect([window.first, window.last, window.length]).toEqual([chain[3], chain[5], 3])
  expect([2, 3, 5, 6].map((i) => window.get(number(i)))).toEqual([null, chain[3], chain[5], null])
  window.clear()
  expect([window.first, window.last, window.get(number(3))]).toEqual([null, null, null])
})

it('an L1 window drops what is before a block, unless it does not have that block', () => {
  const window = new L1Window()
  for (const block of chain.slice(0, 6)) window.push(block)
  for (const outside of [
    { ...chain[0], number: 99n },
    { ...chain[0], number: 106n },
  ] as L1BlockRef[]) {
    window.dropBefore(outside)
    expect(window.first).toBe(chain[0])
  }
  window.dropBefore(chain[4] as L1BlockRef)
  expect([window.first, window.length, window.get(number(3))]).toEqual([chain[4], 2, null])
})

it('an L1 window stays the same while it moves on for long', () => {
  const window = new L1Window()
  for (const [i, block] of chain.entries()) {
    window.push(block)
    if (i >= 10) window.dropBefore(chain[i - 10] as L1BlockRef)
    const start = Math.max(0, i - 10)
    expect(window.first).toBe(chain[start])
    expect(window.last).toBe(block)
    expect(window.length).toBe(i - start + 1)
    expect(window.get(number(i))).toBe(block)
    expect(window.get(number(start))).toBe(chain[start])
    expect(window.get(number(i) + 1n)).toBeNull()
  }
})
