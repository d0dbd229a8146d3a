import type { L1BlockRef } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { ReadAhead } from './readAhead.ts'

const refOf = (number: bigint): L1BlockRef => ({
  hash: `0x${number.toString(16).padStart(64, '0')}`,
  parentHash: `0x${(number - 1n).toString(16).padStart(64, '0')}`,
  number,
  timestamp: number,
})

function open() {
  const asked: bigint[] = []
  const ahead = new ReadAhead({
    blocks: 3,
    fetch: async (number) => {
      asked.push(number)
      if (number === 13n) throw new Error('not now')
      return refOf(number)
    },
  })
  return { ahead, asked }
}

describe('reading L1 ahead', () => {
  it('fetches what follows, as far as L1 is final, and gives each block once', async () => {
    const { ahead, asked } = open()
    ahead.after(1n)
    expect(asked).toEqual([])
    ahead.finalizedAt(3n)
    ahead.after(1n)
    expect(asked).toEqual([2n, 3n])
    expect(await ahead.take(2n)).toEqual(refOf(2n))
    expect(await ahead.take(2n)).toBeNull()
  })

  it('keeps what it has when somebody else looks at the head', async () => {
    const { ahead, asked } = open()
    ahead.finalizedAt(20n)
    ahead.after(1n)
    ahead.after(25n)
    ahead.after(1n)
    expect(asked).toEqual([2n, 3n, 4n])
    expect(await ahead.take(3n)).toEqual(refOf(3n))
  })

  it('forgets what lies behind and what failed, so that it is asked for again', async () => {
    const { ahead, asked } = open()
    ahead.finalizedAt(20n)
    ahead.after(1n)
    ahead.after(10n)
    expect(await ahead.take(3n)).toBeNull()
    await Promise.resolve()
    expect(await ahead.take(13n)).toBeNull()
    ahead.after(10n)
    expect(asked).toEqual([2n, 3n, 4n, 11n, 12n, 13n, 13n])
  })
})
