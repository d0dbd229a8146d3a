import { describe, expect, it } from 'vitest'
import { activeFork, FORKS, type ForkSchedule, isActivationBlock, isForkActive } from './forks.ts'

const config = (forks: ForkSchedule) => ({ forks, blockTime: 2n })

describe('fork times', () => {
  it('[DER-021] are inclusive, and an absent one never comes', () => {
    const { forks } = config({ canyon: 10n })
    expect(isForkActive({ forks }, 'canyon', 9n)).toBe(false)
    expect(isForkActive({ forks }, 'canyon', 10n)).toBe(true)
    expect(isForkActive({ forks }, 'delta', 2n ** 64n - 1n)).toBe(false)
    expect(isForkActive({ forks: { canyon: 0n } }, 'canyon', 0n)).toBe(true)
    expect(isForkActive({ forks: {} }, 'bedrock', 0n)).toBe(true)
  })

  it('[DER-022] make one activation block: the first at or after the time', () => {
    for (const time of [9n, 10n]) {
      const blocks = [6n, 8n, 10n, 12n].filter((timestamp) =>
        isActivationBlock(config({ karst: time }), 'karst', timestamp),
      )
      expect(blocks).toEqual([10n])
    }
  })

  it('[DER-022] make one also in the second block of all time', () => {
    const blocks = [0n, 2n, 4n].filter((timestamp) => isActivationBlock(config({ karst: 1n }), 'karst', timestamp))
    expect(blocks).toEqual([2n])
  })

  it('[DER-022] make no activation block when the fork is active from genesis', () => {
    const blocks = [0n, 1n, 2n, 4n].filter((timestamp) => isActivationBlock(config({ karst: 0n }), 'karst', timestamp))
    expect(blocks).toEqual([])
  })

  it('name the newest fork', () => {
    const schedule: ForkSchedule = { regolith: 0n, canyon: 10n, delta: 10n, ecotone: 20n }
    expect([0n, 10n, 19n, 20n].map((timestamp) => activeFork(config(schedule), timestamp))).toEqual([
      'regolith',
      'delta',
      'delta',
      'ecotone',
    ])
    expect(activeFork(config({}), 1n)).toBe('bedrock')
    const all = Object.fromEntries(FORKS.slice(1).map((fork, i) => [fork, BigInt(i + 1)]))
    expect(FORKS.map((_, i) => activeFork(config(all), BigInt(i)))).toEqual(FORKS)
    expect(FORKS.at(-1)).toBe('karst')
  })
})
