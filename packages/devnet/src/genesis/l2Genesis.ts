import { FORKS, type Fork, type RollupConfig, type TimedFork } from '@keelson/protocol'
import type { Address, Hash, Hex } from 'viem'
import type { L1Deployments } from '../contracts/deployL1.ts'
import { AllocBuilder, type GenesisAlloc } from './alloc.ts'
import { addPredeploys } from './predeploys.ts'
import { addPreinstalls } from './preinstalls.ts'

/** op-geth's `genesis.json`. */
export type L2Genesis = {
  readonly config: Readonly<Record<string, unknown>>
  readonly nonce: Hex
  readonly timestamp: Hex
  readonly extraData: Hex
  readonly gasLimit: Hex
  readonly difficulty: Hex
  readonly mixHash: Hash
  readonly coinbase: Address
  readonly alloc: GenesisAlloc
  readonly number: Hex
  readonly gasUsed: Hex
  readonly parentHash: Hash
  readonly baseFeePerGas: Hex
  readonly excessBlobGas?: Hex
  readonly blobGasUsed?: Hex
}

export type L2GenesisConfig = {
  readonly l1ChainId: bigint
  readonly l2ChainId: bigint
  readonly l1: Pick<L1Deployments, 'L1CrossDomainMessenger' | 'L1StandardBridge' | 'L1ERC721Bridge'>
  readonly admin: Address
  /** Funded with {@link DEV_BALANCE} each. */
  readonly fundedAccounts: readonly Address[]
  /** Seconds; the L1 origin's. */
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly forks: RollupConfig['forks']
  readonly eip1559: { readonly elasticity: bigint; readonly denominator: bigint; readonly denominatorCanyon: bigint }
}

/** 10,000 ETH, in wei. */
export const DEV_BALANCE = 10_000n * 10n ** 18n

const FEE_RECIPIENT: Address = '0x4200000000000000000000000000000000000011'
const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`

/** Forks of which the contracts at genesis are known here; a later one is reached by its upgrade transactions. */
const LAST_GENESIS_FORK: Fork = 'jovian'

/**
 * The genesis of an L2 chain with all predeploys, proxies and preinstalls, and funded accounts.
 *
 * @throws when a fork is asked for at genesis whose contracts can only be reached by its upgrade transactions
 */
export async function createL2Genesis(config: L2GenesisConfig): Promise<L2Genesis> {
  const isActive = (fork: Fork) => fork === 'bedrock' || isTimeReached(config.forks[fork], config.timestamp)
  const tooLate = FORKS.slice(FORKS.indexOf(LAST_GENESIS_FORK) + 1).find(isActive)
  if (tooLate) {
    throw new Error(`fork ${tooLate} cannot be active at genesis: give it a later time, such as --fork ${tooLate}=+20s`)
  }
  const alloc = new AllocBuilder()
  for (let i = 0; i < 256; i++) alloc.setBalance(`0x${i.toString(16).padStart(40, '0')}`, 1n)
  await addPredeploys(alloc, { ...config, isActive })
  await addPreinstalls(alloc, config.l2ChainId)
  for (const account of config.fundedAccounts) alloc.setBalance(account, DEV_BALANCE)

  return {
    config: chainConfig(config),
    nonce: '0x0',
    timestamp: quantity(config.timestamp),
    extraData: extraData(config, isActive),
    gasLimit: quantity(config.gasLimit),
    difficulty: '0x0',
    mixHash: ZERO_HASH,
    coinbase: FEE_RECIPIENT,
    alloc: alloc.build(),
    number: '0x0',
    gasUsed: '0x0',
    parentHash: ZERO_HASH,
    baseFeePerGas: quantity(1_000_000_000n),
    ...(isActive('ecotone') && { excessBlobGas: '0x0' as Hex, blobGasUsed: '0x0' as Hex }),
  }
}

/** Genesis may only leave the parameters of the fee market to later blocks before Holocene. */
function extraData({ eip1559 }: L2GenesisConfig, isActive: (fork: Fork) => boolean): Hex {
  if (!isActive('holocene')) return '0x'
  const params = word32(eip1559.denominatorCanyon) + word32(eip1559.elasticity)
  return isActive('jovian') ? `0x01${params}${'00'.repeat(8)}` : `0x00${params}`
}

const L1_FORKS = [
  ...['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul'],
  ...['muirGlacier', 'berlin', 'london', 'arrowGlacier', 'grayGlacier', 'mergeNetsplit'],
]

function chainConfig(config: L2GenesisConfig): Record<string, unknown> {
  const { forks, eip1559 } = config
  const times: Record<string, bigint | undefined> = {
    shanghaiTime: forks.canyon,
    cancunTime: forks.ecotone,
    pragueTime: forks.isthmus,
    osakaTime: forks.karst,
  }
  for (const fork of FORKS.slice(1)) times[`${fork}Time`] = forks[fork as TimedFork]
  const numbers = Object.entries(times).flatMap(([key, time]) => (time === undefined ? [] : [[key, Number(time)]]))
  return {
    chainId: Number(config.l2ChainId),
    ...Object.fromEntries(L1_FORKS.map((fork) => [`${fork}Block`, 0])),
    terminalTotalDifficulty: 0,
    terminalTotalDifficultyPassed: true,
    bedrockBlock: 0,
    ...Object.fromEntries(numbers),
    optimism: {
      eip1559Elasticity: Number(eip1559.elasticity),
      eip1559Denominator: Number(eip1559.denominator),
      eip1559DenominatorCanyon: Number(eip1559.denominatorCanyon),
    },
  }
}

function isTimeReached(time: bigint | undefined, now: bigint): boolean {
  return time !== undefined && now >= time
}

const quantity = (value: bigint): Hex => `0x${value.toString(16)}`
const word32 = (value: bigint): string => value.toString(16).padStart(8, '0')
