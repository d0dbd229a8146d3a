import { describe, expect, it } from 'vitest'
import { CodecError } from './codecError.ts'
import { chainEip1559Params, decodeExtraData, encodeExtraData, extraDataOf } from './extraData.ts'

const refused = (make: () => unknown) => expect(make).toThrow(CodecError)

describe('extra data', () => {
  it('[EXE-071] [EXE-072] has 9 bytes in version 0, and 17 with the minimum base fee in version 1', () => {
    expect(encodeExtraData({ denominator: 250, elasticity: 6 })).toBe('0x00000000fa00000006')
    const jovian = { denominator: 250, elasticity: 6, minBaseFee: 1_000_000_000n }
    expect(encodeExtraData(jovian)).toBe('0x01000000fa00000006000000003b9aca00')
    expect(decodeExtraData(encodeExtraData(jovian))).toEqual(jovian)
    expect(decodeExtraData('0x00ffffffffffffffff')).toEqual({ denominator: 0xffff_ffff, elasticity: 0xffff_ffff })
  })

  it('[EXE-071] [EXE-072] of another length or version is refused', () => {
    const good = '00000000fa00000006'
    const bad = [
      '',
      good.slice(0, -2),
      `${good}00`,
      `02${good.slice(2)}`,
      `01${good.slice(2)}`,
      `${good}${'00'.repeat(8)}`,
    ]
    for (const bytes of bad) refused(() => decodeExtraData(`0x${bytes}`))
  })

  it('[EXE-071] with either parameter zero is refused', () => {
    refused(() => decodeExtraData('0x000000000000000006'))
    refused(() => decodeExtraData('0x00000000fa00000000'))
  })

  it('[DER-238] [EXE-074] of a block stands for the constants of the chain where both parameters are zero, and never for one', () => {
    const forks = { canyon: 0n, holocene: 10n }
    const of = (eip1559Params: `0x${string}`, timestamp = 10n) => extraDataOf({ forks }, { timestamp, eip1559Params })
    expect(of('0x0000000000000000')).toBe('0x00000000fa00000006')
    expect(of('0x0000006400000003')).toBe('0x000000006400000003')
    refused(() => of('0x0000000000000003'))
    refused(() => of('0x0000006400000000'))
    refused(() => of('0x0000006400000003', 9n))
    expect(extraDataOf({ forks }, { timestamp: 9n })).toBe('0x')
    refused(() => extraDataOf({ forks }, { timestamp: 10n }))
  })
})

describe('the EIP-1559 constants of a chain', () => {
  it('have another denominator from Canyon on', () => {
    const at = (timestamp: bigint) => chainEip1559Params({ forks: { canyon: 10n, delta: 20n } }, timestamp)
    expect([at(9n), at(10n)]).toEqual([
      { denominator: 50n, elasticity: 6n },
      { denominator: 250n, elasticity: 6n },
    ])
  })

  it('are those of the config where it has some', () => {
    const chainOpConfig = { eip1559Elasticity: 2n, eip1559Denominator: 3n, eip1559DenominatorCanyon: 4n }
    const at = (timestamp: bigint) => chainEip1559Params({ forks: { canyon: 10n }, chainOpConfig }, timestamp)
    expect([at(9n), at(10n)]).toEqual([
      { denominator: 3n, elasticity: 2n },
      { denominator: 4n, elasticity: 2n },
    ])
  })
})
