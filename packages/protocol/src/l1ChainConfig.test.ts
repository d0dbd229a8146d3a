import { describe, expect, it } from 'vitest'
import {
  activeBlobSchedule,
  blobBaseFee,
  fakeExponential,
  L1_CHAIN_CONFIGS,
  l1ChainConfigFromJson,
  l1ChainConfigOf,
} from './l1ChainConfig.ts'

describe('blob prices', () => {
  it('[DER-261] follow the published values of the exponential', () => {
    // Test table of EIP-4844.
    const table: [factor: bigint, numerator: bigint, denominator: bigint, expected: bigint][] = [
      [1n, 0n, 1n, 1n],
      [38_493n, 0n, 1000n, 38_493n],
      [0n, 1234n, 2345n, 0n],
      [1n, 2n, 1n, 6n],
      [1n, 4n, 2n, 6n],
      [1n, 3n, 1n, 16n],
      [1n, 6n, 2n, 18n],
      [1n, 4n, 1n, 49n],
      [1n, 8n, 2n, 50n],
      [10n, 8n, 2n, 542n],
      [11n, 8n, 2n, 596n],
      [1n, 5n, 1n, 136n],
      [1n, 5n, 2n, 11n],
      [2n, 5n, 2n, 23n],
      [1n, 50_000_000n, 2_225_652n, 5_709_098_764n],
    ]
    for (const [factor, numerator, denominator, expected] of table) {
      expect(fakeExponential(factor, numerator, denominator)).toBe(expected)
    }
  })

  it('[DER-261] are 1 without an excess, on every L1', () => {
    expect(blobBaseFee(123n, { timestamp: 5n })).toBe(1n)
    expect(blobBaseFee(null, { timestamp: 5n, excessBlobGas: 0n })).toBe(1n)
    expect(() => blobBaseFee(123n, { timestamp: 5n, excessBlobGas: 1n })).toThrow('chain config')
  })

  it('[DER-261] use the fraction of the fork at the block, inclusive of its first second', () => {
    for (const config of Object.values(L1_CHAIN_CONFIGS)) {
      const names = config.blobSchedule.map(({ time }) => activeBlobSchedule(config, time)?.fork)
      expect(names).toEqual(['cancun', 'prague', 'osaka', 'bpo1', 'bpo2'])
      const before = config.blobSchedule.slice(1).map(({ time }) => activeBlobSchedule(config, time - 1n)?.fork)
      expect(before).toEqual(['cancun', 'prague', 'osaka', 'bpo1'])
    }
  })

  it('know four public L1s by chain id', () => {
    expect([1n, 11_155_111n, 17_000n, 560_048n].map((id) => l1ChainConfigOf(id)?.chainId)).toEqual([
      1n,
      11_155_111n,
      17_000n,
      560_048n,
    ])
    expect(l1ChainConfigOf(2n)).toBeNull()
  })
})

describe('the chain config of another L1', () => {
  const json = {
    chainId: 900,
    cancunTime: 0,
    pragueTime: 10,
    bpo1Time: 20,
    blobSchedule: {
      bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 },
      cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
      prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
      osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
    },
  }

  it('is read in order of time, without forks that never come', () => {
    const config = l1ChainConfigFromJson(json)
    expect(config.chainId).toBe(900n)
    expect(config.blobSchedule.map(({ fork, time }) => [fork, time])).toEqual([
      ['cancun', 0n],
      ['prague', 10n],
      ['bpo1', 20n],
    ])
    expect(blobBaseFee(config, { timestamp: 15n, excessBlobGas: 50_000_000n })).toBe(
      fakeExponential(1n, 50_000_000n, 5_007_716n),
    )
  })

  it('may stand in a genesis file, and may have no schedule', () => {
    expect(l1ChainConfigFromJson({ config: json, alloc: {} })).toEqual(l1ChainConfigFromJson(json))
    expect(l1ChainConfigFromJson({ chainId: 10 })).toEqual({ chainId: 10n, blobSchedule: [] })
  })

  it('is refused with the path of what is wrong', () => {
    const bad = { ...json, blobSchedule: { ...json.blobSchedule, prague: { target: 1, max: 2 } } }
    expect(() => l1ChainConfigFromJson(bad)).toThrow('$.blobSchedule.prague.baseFeeUpdateFraction')
    expect(() => l1ChainConfigFromJson({ ...json, pragueTime: 'soon' })).toThrow('$.pragueTime')
    expect(() => l1ChainConfigFromJson({})).toThrow('$.chainId')
    expect(() => l1ChainConfigFromJson(null)).toThrow('not an object')
  })
})
