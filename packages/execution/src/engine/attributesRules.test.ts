import { FORKS, type Fork, type PayloadAttributes, ZERO_ADDRESS, ZERO_HASH } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { forksUpTo } from '../../testing/executorChain.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { checkAttributes } from './attributesRules.ts'

const since = (fork: Fork, other: Fork) => FORKS.indexOf(fork) >= FORKS.indexOf(other)

/** Attributes with exactly the fields of a fork. */
function attributesOf(fork: Fork): PayloadAttributes {
  return {
    timestamp: 12n,
    prevRandao: ZERO_HASH,
    suggestedFeeRecipient: ZERO_ADDRESS,
    transactions: [],
    noTxPool: true,
    gasLimit: 30_000_000n,
    ...(since(fork, 'canyon') && { withdrawals: [] }),
    ...(since(fork, 'ecotone') && { parentBeaconBlockRoot: ZERO_HASH }),
    ...(since(fork, 'holocene') && { eip1559Params: '0x000000fa00000006' as const }),
    ...(since(fork, 'jovian') && { minBaseFee: 0n }),
  }
}

const without = (fork: Fork, key: keyof PayloadAttributes): PayloadAttributes => {
  const { [key]: _, ...rest } = attributesOf(fork)
  return rest as PayloadAttributes
}
const check = (fork: Fork, attributes: PayloadAttributes) => () => {
  const spec: ChainSpec = { chainId: 901n, forks: forksUpTo(fork) }
  checkAttributes(spec, { timestamp: 10n }, attributes)
}

describe('checkAttributes', () => {
  it.each(FORKS)('takes attributes with the fields of %s, and only after the parent', (fork) => {
    expect(check(fork, attributesOf(fork))).not.toThrow()
    expect(check(fork, { ...attributesOf(fork), timestamp: 11n })).not.toThrow()
    expect(check(fork, { ...attributesOf(fork), timestamp: 10n })).toThrow('invalid timestamp')
  })

  it.each(FORKS)('[EXE-129] wants an empty list of withdrawals from Canyon on, and none before, in %s', (fork) => {
    if (since(fork, 'canyon')) {
      expect(check(fork, without(fork, 'withdrawals'))).toThrow('missing withdrawals')
      const withdrawals = [{ index: 0n, validatorIndex: 0n, address: ZERO_ADDRESS, amount: 1n }]
      expect(check(fork, { ...attributesOf(fork), withdrawals })).toThrow('withdrawals must be empty')
    } else {
      expect(check(fork, { ...attributesOf(fork), withdrawals: [] })).toThrow('withdrawals before Canyon')
    }
  })

  it.each(FORKS)('[EXE-130] wants a beacon root from Ecotone on, and none before, in %s', (fork) => {
    if (since(fork, 'ecotone'))
      expect(check(fork, without(fork, 'parentBeaconBlockRoot'))).toThrow('missing beacon root')
    else {
      const attributes = { ...attributesOf(fork), parentBeaconBlockRoot: ZERO_HASH }
      expect(check(fork, attributes)).toThrow('unexpected beacon root')
    }
  })

  it.each(FORKS)(
    '[EXE-131] wants eight bytes of EIP-1559 parameters from Holocene on, and none before, in %s',
    (fork) => {
      const withParams = (eip1559Params: `0x${string}`) => ({ ...attributesOf(fork), eip1559Params })
      if (since(fork, 'holocene')) {
        expect(check(fork, without(fork, 'eip1559Params'))).toThrow('missing eip1559Params')
        expect(check(fork, withParams('0x000000fa000006'))).toThrow('must have 8 bytes')
        expect(check(fork, withParams('0x000000fa0000000006'))).toThrow('must have 8 bytes')
      } else {
        expect(check(fork, withParams('0x000000fa00000006'))).toThrow('before Holocene')
      }
    },
  )

  it.each(FORKS.filter((fork) => since(fork, 'holocene')))(
    '[EXE-075] [EXE-074] takes two zeros for the parameters and refuses one alone in %s',
    (fork) => {
      const withParams = (eip1559Params: `0x${string}`) => ({ ...attributesOf(fork), eip1559Params })
      expect(check(fork, withParams('0x0000000000000000'))).not.toThrow()
      expect(check(fork, withParams('0x0000000000000006'))).toThrow('denominator 0')
      expect(check(fork, withParams('0x000000fa00000000'))).toThrow('elasticity 0')
    },
  )

  it.each(FORKS)('[EXE-132] wants a minimum base fee from Jovian on, and none before, in %s', (fork) => {
    if (since(fork, 'jovian')) expect(check(fork, without(fork, 'minBaseFee'))).toThrow('missing minBaseFee')
    else expect(check(fork, { ...attributesOf(fork), minBaseFee: 0n })).toThrow('before Jovian')
  })
})
