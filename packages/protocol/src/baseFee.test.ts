import { describe, expect, it } from 'vitest'
import { forksUpTo, testRollupConfig } from '../testing/index.ts'
import { nextBaseFee } from './baseFee.ts'
import { decodeExtraData, encodeExtraData, extraDataOf } from './extraData.ts'

const T = 1_000_010n
const parent = {
  timestamp: T,
  gasLimit: 60_000_000n,
  gasUsed: 10_000_000n,
  baseFeePerGas: 1_000_000_000n,
  extraData: encodeExtraData({ denominator: 100, elasticity: 6, minBaseFee: 0n }),
}
const jovian = testRollupConfig()

describe('base fee', () => {
  it('[EXE-066] meters the DA footprint when it exceeds the gas used, if Jovian is active at the parent', () => {
    const withFootprint = { ...parent, blobGasUsed: 20_000_000n }
    expect(nextBaseFee(jovian, parent, T + 2n)).toBe(1_000_000_000n)
    expect(nextBaseFee(jovian, withFootprint, T + 2n)).toBe(1_010_000_000n)
    expect(nextBaseFee(jovian, { ...withFootprint, gasUsed: 30_000_000n }, T + 2n)).toBe(1_020_000_000n)
    const later = testRollupConfig({ forks: { ...forksUpTo('isthmus'), jovian: T + 2n } })
    expect(nextBaseFee(later, withFootprint, T + 2n)).toBe(1_000_000_000n)
  })

  it('[EXE-067] is at least the minimum that the parent names', () => {
    const floor = (minBaseFee: bigint) => ({
      ...parent,
      gasUsed: 0n,
      extraData: encodeExtraData({ denominator: 100, elasticity: 6, minBaseFee }),
    })
    expect(nextBaseFee(jovian, floor(0n), T + 2n)).toBe(990_000_000n)
    expect(nextBaseFee(jovian, floor(5_000_000_000n), T + 2n)).toBe(5_000_000_000n)
  })

  it('[EXE-065] uses the constants in the first Holocene block, the extra data after it', () => {
    const config = testRollupConfig({ forks: { ...forksUpTo('granite'), holocene: T } })
    const empty = { ...parent, gasUsed: 20_000_000n, extraData: '0x' as const, timestamp: T - 2n }
    expect(nextBaseFee(config, empty, T)).toBe(1_000_000_000n + 1_000_000_000n / 250n)
    const holocene = { ...empty, timestamp: T, extraData: encodeExtraData({ denominator: 100, elasticity: 6 }) }
    expect(nextBaseFee(config, holocene, T + 2n)).toBe(1_010_000_000n)
    expect(() => nextBaseFee(config, { ...holocene, extraData: '0x' }, T + 2n)).toThrow('extra data')
  })

  it('[EXE-064] takes the Canyon denominator when Canyon is active at the new block', () => {
    const config = testRollupConfig({ forks: { regolith: 0n, canyon: T } })
    const empty = { ...parent, gasUsed: 20_000_000n, extraData: '0x' as const }
    expect(nextBaseFee(config, { ...empty, timestamp: T - 4n }, T - 2n)).toBe(1_020_000_000n)
    expect(nextBaseFee(config, { ...empty, timestamp: T - 2n }, T)).toBe(1_004_000_000n)
  })

  it('[EXE-063] goes by the elasticity and denominator of the chain', () => {
    const forks = forksUpTo('regolith')
    const chainOpConfig = { eip1559Elasticity: 10n, eip1559Denominator: 20n }
    const own = testRollupConfig({ forks, chainOpConfig })
    const { chainOpConfig: _none, ...rest } = testRollupConfig({ forks })
    const busy = { ...parent, gasUsed: 12_000_000n, extraData: '0x' as const }
    expect(nextBaseFee(own, busy, T + 2n)).toBe(1_050_000_000n)
    expect(nextBaseFee(rest, busy, T + 2n)).toBe(1_004_000_000n)
  })

  it('[EXE-068] rises by at least 1', () => {
    expect(nextBaseFee(jovian, { ...parent, baseFeePerGas: 1n, gasUsed: 10_000_001n }, T + 2n)).toBe(2n)
    expect(nextBaseFee(jovian, { ...parent, baseFeePerGas: 0n, gasUsed: 0n }, T + 2n)).toBe(0n)
  })
})

describe('extra data', () => {
  it('[EXE-070] is empty before Holocene, and then no parameters may be given', () => {
    const config = testRollupConfig({ forks: forksUpTo('granite') })
    expect(extraDataOf(config, { timestamp: T })).toBe('0x')
    expect(() => extraDataOf(config, { timestamp: T, eip1559Params: '0x0000000000000000' })).toThrow('before Holocene')
  })

  it('[EXE-071][EXE-072] is read at its exact length and version, with both parameters set', () => {
    expect(decodeExtraData('0x0000000032000000c8')).toEqual({ denominator: 50, elasticity: 200 })
    expect(decodeExtraData('0x01000000320000000600000000000000ff')).toEqual({
      denominator: 50,
      elasticity: 6,
      minBaseFee: 255n,
    })
    const bad = [
      '0x',
      '0x00000000320000',
      '0x0000000032000000c800',
      '0x0100000032000000c8',
      '0x02000000320000000600000000000000ff',
      '0x000000000000000006',
      '0x000000003200000000',
    ] as const
    for (const wrong of bad) expect(() => decodeExtraData(wrong)).toThrow('bad extra data')
  })

  it('[EXE-075] refuses attributes with exactly one zero', () => {
    const config = testRollupConfig({ forks: forksUpTo('holocene') })
    for (const eip1559Params of ['0x0000000000000006', '0x0000003200000000'] as const) {
      expect(() => extraDataOf(config, { timestamp: T, eip1559Params })).toThrow('one zero')
    }
  })

  it('[EXE-131][EXE-132] needs the parameters that its fork has, and no others', () => {
    const holocene = testRollupConfig({ forks: forksUpTo('holocene') })
    const eip1559Params = '0x0000003200000006'
    expect(() => extraDataOf(holocene, { timestamp: T })).toThrow('not set')
    expect(() => extraDataOf(holocene, { timestamp: T, eip1559Params, minBaseFee: 0n })).toThrow('before Jovian')
    expect(() => extraDataOf(jovian, { timestamp: T, eip1559Params })).toThrow('not set')
    expect(() => extraDataOf(jovian, { timestamp: T, eip1559Params: '0x00', minBaseFee: 0n })).toThrow('8')
  })
})
