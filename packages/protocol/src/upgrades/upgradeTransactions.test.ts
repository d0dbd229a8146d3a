import { describe, expect, it } from 'vitest'
import { forksUpTo, testRollupConfig } from '../../testing/index.ts'
import { bytesToHex } from '../bytes.ts'
import { decodeDepositTx } from '../depositTx.ts'
import { FORKS, type TimedFork } from '../forks.ts'
import { keccak256 } from '../keccak.ts'
import type { Address } from '../primitives.ts'
import { encodeRlp } from '../rlp.ts'
import { KARST_UPGRADE_GAS, upgradeGas } from './upgradeGas.ts'
import { UPGRADE_FORKS, type UpgradeFork, upgradeTransactions, upgradeTransactionsOf } from './upgradeTransactions.ts'

const T = 1_000_010n

/** How many upgrade transactions blocks around `T` have when `fork` activates at `T`. */
function countsAround(fork: TimedFork): number[] {
  const before = FORKS[FORKS.indexOf(fork) - 1] as TimedFork
  const config = testRollupConfig({ forks: { ...forksUpTo(before), [fork]: T } })
  return [T - 2n, T, T + 2n].map((timestamp) => upgradeTransactions(config, timestamp).length)
}

const counts: Record<UpgradeFork, number> = { ecotone: 6, fjord: 3, isthmus: 8, jovian: 5, karst: 31 }
const rules: Record<UpgradeFork, string> = {
  ecotone: 'DER-300',
  fjord: 'DER-307',
  isthmus: 'DER-311',
  jovian: 'DER-320',
  karst: 'DER-326',
}

describe('upgrade transactions', () => {
  for (const fork of UPGRADE_FORKS) {
    it(`[${rules[fork]}] are ${counts[fork]} in the activation block of ${fork}, and none before or after`, () => {
      expect(countsAround(fork)).toEqual([0, counts[fork], 0])
    })
  }

  it('[DER-299] do not exist for the other forks', () => {
    const others: TimedFork[] = ['regolith', 'canyon', 'delta', 'granite', 'holocene']
    for (const fork of others) expect(countsAround(fork)).toEqual([0, 0, 0])
  })

  it('[DER-022] do not exist for forks active at genesis', () => {
    const config = testRollupConfig({ forks: forksUpTo('karst') })
    expect([0n, 1n, 2n, T].map((timestamp) => upgradeTransactions(config, timestamp).length)).toEqual([0, 0, 0, 0])
  })

  it('[DER-228] of forks that share their activation block follow in fork order', () => {
    const late = { ecotone: T, fjord: T, granite: T, holocene: T, isthmus: T - 1n, jovian: T, karst: T }
    const config = testRollupConfig({ forks: { ...forksUpTo('delta'), ...late } })
    expect(upgradeTransactions(config, T)).toEqual(UPGRADE_FORKS.flatMap((fork) => upgradeTransactionsOf(fork)))
  })

  it('[DER-298] create each contract with nonce 0 where the proxy update after it points', () => {
    for (const fork of UPGRADE_FORKS.filter((name) => name !== 'karst')) {
      const deposits = upgradeTransactionsOf(fork).map(decodeDepositTx)
      const created = deposits
        .filter(({ to }) => to === null)
        .map(({ from }): Address => bytesToHex(keccak256(encodeRlp([from, 0n])).subarray(12)))
      const targets = deposits
        .map(({ data }) => bytesToHex(data))
        .filter((data) => data.startsWith('0x3659cfe6'))
        .map((data) => `0x${data.slice(-40)}`)
      expect(created.slice(0, targets.length)).toEqual(targets)
      expect(targets.length).toBeGreaterThan(0)
    }
  })

  it('[DER-306][DER-319] create the system contracts of EIP-4788 and EIP-2935 at their addresses', () => {
    const lastOf = (fork: UpgradeFork) => {
      const { from } = decodeDepositTx(upgradeTransactionsOf(fork).at(-1) as Uint8Array)
      return bytesToHex(keccak256(encodeRlp([from, 0n])).subarray(12))
    }
    expect(lastOf('ecotone')).toBe('0x000f3df6d732807ef1319fb7b8bb8522d0beac02')
    expect(lastOf('isthmus')).toBe('0x0000f90827f1c53a10cb7a02335b175320002935')
  })

  it('[DER-328] raise the gas limit in the activation block of Karst alone', () => {
    for (const fork of UPGRADE_FORKS) {
      const before = FORKS[FORKS.indexOf(fork) - 1] as TimedFork
      const config = testRollupConfig({ forks: { ...forksUpTo(before), [fork]: T } })
      const gas = [T - 2n, T, T + 2n].map((timestamp) => upgradeGas(config, timestamp))
      expect(gas).toEqual([0n, fork === 'karst' ? KARST_UPGRADE_GAS : 0n, 0n])
    }
  })
})
