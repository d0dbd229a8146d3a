import { FORKS, type Fork, type ForkSchedule, type Hex, hexToBytes } from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { fastLzSize } from './fastLz.ts'
import {
  daFootprint,
  estimatedSizeScaled,
  fjordL1Fee,
  type L1FeeParams,
  l1Fee,
  l1GasUsed,
  operatorFee,
  readL1FeeParams,
} from './l1Cost.ts'

type Vector<I, E> = { readonly name: string; readonly input: I; readonly expected: E }
type Vectors<I, E> = { readonly vectors: readonly Vector<I, E>[] }

/** All forks up to `fork` are active from the beginning. */
function specAt(fork: Fork): ChainSpec {
  const forks: ForkSchedule = Object.fromEntries(FORKS.slice(1, FORKS.indexOf(fork) + 1).map((name) => [name, 0n]))
  return { chainId: 10n, forks }
}

function paramsOf(values: Partial<Record<keyof L1FeeParams, string | number>>): L1FeeParams {
  const value = (name: keyof L1FeeParams) => BigInt(values[name] ?? 0)
  return {
    l1BaseFee: value('l1BaseFee'),
    overhead: value('overhead'),
    scalar: value('scalar'),
    blobBaseFee: value('blobBaseFee'),
    baseFeeScalar: value('baseFeeScalar'),
    blobBaseFeeScalar: value('blobBaseFeeScalar'),
    operatorFeeScalar: value('operatorFeeScalar'),
    operatorFeeConstant: value('operatorFeeConstant'),
    daFootprintGasScalar: value('daFootprintGasScalar'),
  }
}

describe.skipIf(!fixtureFolder())(
  `fee vectors (${fixtureFolder() ? 'op-geth and real blocks' : FIXTURES_ABSENT})`,
  () => {
    if (!fixtureFolder()) return
    const sizes = readFixture<Vectors<{ data: Hex }, { size: number }>>('vectors/fastlz-size.json').vectors
    it.each(sizes)('[EXE-048] FastLZ size of $name', ({ input, expected }) => {
      expect(fastLzSize(hexToBytes(input.data))).toBe(expected.size)
    })

    type CostInput = { fork: Fork; rawTransaction?: Hex; fastLzSize?: number; params: Record<string, string | number> }
    type CostExpected = { fee: string; l1GasUsed?: string; fastLzSize?: number }
    const costs = readFixture<Vectors<CostInput, CostExpected>>('vectors/l1-cost.json').vectors
    it.each(costs)('[EXE-037] [EXE-040] [EXE-042] [EXE-047] L1 fee of $name', ({ input, expected }) => {
      const spec = specAt(input.fork)
      const params = paramsOf(input.params)
      if (input.rawTransaction === undefined) {
        expect(fjordL1Fee(params, input.fastLzSize as number)).toBe(BigInt(expected.fee))
        return
      }
      const tx = hexToBytes(input.rawTransaction)
      expect(l1Fee(spec, 1n, params, tx)).toBe(BigInt(expected.fee))
      if (expected.l1GasUsed) expect(l1GasUsed(spec, 1n, params, tx)).toBe(BigInt(expected.l1GasUsed))
      if (expected.fastLzSize !== undefined) expect(fastLzSize(tx)).toBe(expected.fastLzSize)
    })
  },
)

describe('L1 fee parameters', () => {
  it('[EXE-041] [EXE-043] [EXE-060] [EXE-082] stand in slots 1, 3, 5, 6, 7 and 8 of L1Block', () => {
    const slots: Record<string, bigint> = {
      1: 11n,
      3: BigInt(`0x${'ff'.repeat(16)}000000050000000600000000000000ff`),
      5: 55n,
      6: 66n,
      7: 77n,
      8: BigInt(`0x${'00'.repeat(18)}0190000000070000000000000008`),
    }
    expect(readL1FeeParams((slot) => slots[String(slot)] ?? 0n)).toEqual({
      l1BaseFee: 11n,
      overhead: 55n,
      scalar: 66n,
      blobBaseFee: 77n,
      baseFeeScalar: 5n,
      blobBaseFeeScalar: 6n,
      operatorFeeScalar: 7n,
      operatorFeeConstant: 8n,
      daFootprintGasScalar: 400n,
    })
  })
})

describe('L1 fee parameters at their largest', () => {
  it('[EXE-043] [EXE-055] [EXE-060] [EXE-082] have the widths of their fields', () => {
    expect(readL1FeeParams(() => 2n ** 256n - 1n)).toMatchObject({
      l1BaseFee: 2n ** 256n - 1n,
      blobBaseFee: 2n ** 256n - 1n,
      baseFeeScalar: 2n ** 32n - 1n,
      blobBaseFeeScalar: 2n ** 32n - 1n,
      operatorFeeScalar: 2n ** 32n - 1n,
      operatorFeeConstant: 2n ** 64n - 1n,
      daFootprintGasScalar: 2n ** 16n - 1n,
    })
  })
})

describe('the size estimate', () => {
  it('[EXE-046] is a line through −42.5856 bytes, of 0.8365 bytes for each byte of FastLZ, cut off at 100 bytes', () => {
    expect(estimatedSizeScaled(0)).toBe(100_000_000n)
    expect(estimatedSizeScaled(170)).toBe(100_000_000n)
    expect(estimatedSizeScaled(171)).toBe(100_455_900n)
    expect(estimatedSizeScaled(1_000)).toBe(793_914_400n)
  })

  it('[EXE-048] finds what stands 8,191 bytes before, and nothing farther', () => {
    /** Bytes without a pattern, with the same 16 bytes at two places. */
    const repeated = (seed: number, distance: number): Uint8Array => {
      let state = seed
      const bytes = Uint8Array.from({ length: 8_400 }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        return state >>> 24
      })
      bytes.copyWithin(50 + distance, 50, 66)
      return bytes
    }
    // Others may have taken the place in the table meanwhile: then no distance is found.
    const seeds = Array.from({ length: 200 }, (_, i) => i + 1)
    const shorter = (a: number, b: number) =>
      seeds.filter((seed) => fastLzSize(repeated(seed, a)) < fastLzSize(repeated(seed, b)) - 8).length
    expect(shorter(8_191, 8_192)).toBeGreaterThan(10)
    expect(shorter(8_190, 8_191)).toBe(0)
    expect(shorter(8_192, 8_193)).toBe(0)
  })
})

describe('L1 fee', () => {
  const tx = Uint8Array.of(0, 0, 1, 2, 3)

  it('[EXE-038] [EXE-039] counts the signature a second time before Regolith only', () => {
    const params = paramsOf({ l1BaseFee: 1, scalar: 1_000_000, overhead: 7 })
    expect(l1Fee(specAt('bedrock'), 1n, params, tx)).toBe(4n * 2n + 16n * (3n + 68n) + 7n)
    expect(l1Fee(specAt('regolith'), 1n, params, tx)).toBe(4n * 2n + 16n * 3n + 7n)
    expect(l1Fee(specAt('delta'), 1n, params, tx)).toBe(4n * 2n + 16n * 3n + 7n)
  })

  it('[EXE-044] falls back to the old formula while the Ecotone values are unset', () => {
    const params = paramsOf({ l1BaseFee: 1000, scalar: 1_000_000, overhead: 7 })
    expect(l1Fee(specAt('ecotone'), 1n, params, tx)).toBe((4n * 2n + 16n * 3n + 7n) * 1000n)
    expect(l1GasUsed(specAt('ecotone'), 1n, params, tx)).toBe(4n * 2n + 16n * 3n + 7n)
  })

  it('[EXE-045] [EXE-046] has a lower bound of 100 bytes from Fjord', () => {
    const params = paramsOf({ l1BaseFee: 1_000_000, baseFeeScalar: 1, blobBaseFee: 10, blobBaseFeeScalar: 3 })
    expect(l1Fee(specAt('fjord'), 1n, params, tx)).toBe((100_000_000n * (16n * 1_000_000n + 30n)) / 1_000_000_000_000n)
  })

  it('[EXE-050] names 16 gas for each estimated byte from Fjord', () => {
    expect(l1GasUsed(specAt('fjord'), 1n, paramsOf({}), tx)).toBe(1600n)
  })

  it('[EXE-051] [EXE-052] is 0 for an empty envelope', () => {
    const params = paramsOf({ l1BaseFee: 1000, scalar: 1_000_000, overhead: 7, baseFeeScalar: 9 })
    for (const fork of FORKS) expect(l1Fee(specAt(fork), 1n, params, new Uint8Array(0))).toBe(0n)
  })
})

describe('operator fee', () => {
  const params = paramsOf({ operatorFeeScalar: 1439103868, operatorFeeConstant: '1256417826609331460' })

  it('[EXE-053] [EXE-054] divides by a million in Isthmus and multiplies by a hundred from Jovian', () => {
    expect(operatorFee(specAt('isthmus'), 1n, params, 1000n)).toBe(1256417826609331460n + 1439103n)
    expect(operatorFee(specAt('jovian'), 1n, params, 1000n)).toBe(1256417826609331460n + 1439103868n * 100_000n)
    expect(operatorFee(specAt('holocene'), 1n, params, 1000n)).toBe(0n)
  })

  it('[EXE-055] does not overflow at its largest values', () => {
    const max = paramsOf({ operatorFeeScalar: 0xffff_ffff, operatorFeeConstant: '0xffffffffffffffff' })
    const gas = 0xffff_ffff_ffff_ffffn
    expect(operatorFee(specAt('isthmus'), 1n, max, gas).toString(2).length).toBeLessThanOrEqual(77)
    expect(operatorFee(specAt('jovian'), 1n, max, gas).toString(2).length).toBeLessThanOrEqual(103)
  })
})

describe('DA footprint', () => {
  it('[EXE-078] [EXE-049] is at least 100 bytes times the scalar, with a fresh table for each transaction', () => {
    const params = paramsOf({ daFootprintGasScalar: 400 })
    expect(daFootprint(params, fastLzSize(Uint8Array.of(1)))).toBe(40_000n)
    const long = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) & 0xff)
    const size = fastLzSize(long)
    expect(daFootprint(params, size)).toBe(((-42_585_600n + 836_500n * BigInt(size)) / 1_000_000n) * 400n)
    expect(fastLzSize(long.slice())).toBe(size)
  })
})
