import {
  type ForkSchedule,
  type L1BlockInfo,
  type L1ChainConfig,
  l1InfoDepositTx,
  type RollupConfig,
  type SystemConfig,
  UPGRADE_FORKS,
  type UpgradeFork,
  upgradeGas,
  upgradeTransactions,
  ZERO_HASH,
} from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import type { GenesisJson } from '../src/index.ts'
import { ALICE, ETHER, ExecutorChain, signTx } from '../testing/executorChain.ts'

const GENESIS_TIME = 1_691_802_540n
/** Seconds after genesis at which each fork comes: every third block. */
const FORK_TIMES: ForkSchedule = {
  regolith: 0n,
  canyon: GENESIS_TIME + 6n,
  delta: GENESIS_TIME + 12n,
  ecotone: GENESIS_TIME + 18n,
  fjord: GENESIS_TIME + 24n,
  granite: GENESIS_TIME + 30n,
  holocene: GENESIS_TIME + 36n,
  isthmus: GENESIS_TIME + 42n,
  jovian: GENESIS_TIME + 48n,
  karst: GENESIS_TIME + 54n,
}
const LAST_BLOCK = 30n

const SYSTEM: SystemConfig = {
  batcherAddress: ALICE,
  overhead: `0x${'bc'.padStart(64, '0')}`,
  scalar: `0x${'0a6fe0'.padStart(64, '0')}`,
  gasLimit: 30_000_000n,
  eip1559Params: '0x000000fa00000006',
  operatorFeeParams: `0x${'00'.repeat(20)}${'000007d0'}${'0000000000003039'}`,
  minBaseFee: 0n,
  daFootprintGasScalar: 400n,
}
const ECOTONE_SCALAR = `0x01${'00'.repeat(23)}000f79c50000146b` as const

const L1: L1BlockInfo = {
  hash: ZERO_HASH,
  number: 1n,
  parentHash: ZERO_HASH,
  timestamp: 1n,
  baseFee: 30_000_000_000n,
  mixHash: ZERO_HASH,
  excessBlobGas: 0n,
  transactionsRoot: ZERO_HASH,
  receiptsRoot: ZERO_HASH,
  logsBloom: `0x${'00'.repeat(256)}`,
}

/** OP Sepolia's genesis of Bedrock, with an account that can pay. */
function genesis(): GenesisJson {
  const { genesis } = readFixture<{ genesis: GenesisJson }>('genesis/sepolia-op.json.gz')
  return { ...genesis, alloc: { ...genesis.alloc, [ALICE.slice(2)]: { balance: 1_000n * ETHER } } }
}

describe.skipIf(!fixtureFolder())(
  `network upgrades (${fixtureFolder() ? 'from a real genesis' : FIXTURES_ABSENT})`,
  () => {
    it('[EXE-171] [EXE-169] [EXE-170] [EXE-102] [EXE-103] [EXE-061] apply one after another from Bedrock to Karst', async () => {
      const chain = new ExecutorChain({ forks: FORK_TIMES, genesis: genesis() })
      const config = { forks: FORK_TIMES, blockTime: 2n, l2ChainId: 901n } as RollupConfig
      const upgraded: UpgradeFork[] = []
      const fees: bigint[] = []
      let nonce = 0n
      for (let number = 1n; number <= LAST_BLOCK; number++) {
        const timestamp = GENESIS_TIME + number * 2n
        const isEcotone = timestamp >= (FORK_TIMES.ecotone as bigint)
        const system = isEcotone ? { ...SYSTEM, scalar: ECOTONE_SCALAR, overhead: ZERO_HASH } : SYSTEM
        const upgrades = upgradeTransactions(config, timestamp)
        const fork = UPGRADE_FORKS.find((name) => FORK_TIMES[name] === timestamp)
        const forced = [l1InfoDepositTx(config, system, 0n, L1, timestamp, {} as L1ChainConfig), ...upgrades]
        if (!fork) forced.push(signTx({ nonce: nonce++, value: 1n }))
        const gasLimit = SYSTEM.gasLimit + upgradeGas(config, timestamp)
        const { outcomes } = await chain.build(forced, { timestamp, gasLimit })
        expect(outcomes.map(({ receipt }) => receipt.status)).toEqual(forced.map(() => 1))
        if (fork) {
          expect(upgrades.length).toBeGreaterThan(0)
          upgraded.push(fork)
        } else {
          fees.push(outcomes.at(-1)?.l1Fee ?? 0n)
          const operatorFee = outcomes.at(-1)?.operatorFee ?? 0n
          expect(operatorFee > 0n).toBe(timestamp > (FORK_TIMES.isthmus as bigint))
        }
      }
      expect(upgraded).toEqual(['ecotone', 'fjord', 'isthmus', 'jovian', 'karst'])
      for (const fee of fees) expect(fee).toBeGreaterThan(0n)
      // The history contract that Isthmus deployed holds the parent's hash.
      const history = '0x0000f90827f1c53a10cb7a02335b175320002935'
      expect(chain.state.getStorage(history, (LAST_BLOCK - 1n) % 8191n)).toBe(BigInt(chain.header.parentHash))
    })
  },
)
