import { DEFAULT_EIP1559, type ForkSchedule, isForkActive, type RollupConfig, type TimedFork } from '@keelson/protocol'
import { GenesisError } from './genesisError.ts'
import type { GenesisJson } from './genesisJson.ts'

/**
 * What execution needs to know of a chain. Fork times are L2 block timestamps.
 *
 * @see specs/protocol/superchain-upgrades.md#l2-block-timestamp-based-activation
 */
export type ChainSpec = {
  readonly chainId: bigint
  readonly forks: ForkSchedule
  /** EIP-1559 constants, used where no extraData carries its own; OP Mainnet's when absent. */
  readonly chainOpConfig?: NonNullable<RollupConfig['chainOpConfig']>
}

const TIME_KEYS = {
  regolith: 'regolithTime',
  canyon: 'canyonTime',
  ecotone: 'ecotoneTime',
  fjord: 'fjordTime',
  granite: 'graniteTime',
  holocene: 'holoceneTime',
  isthmus: 'isthmusTime',
  jovian: 'jovianTime',
  karst: 'karstTime',
} as const satisfies Partial<Record<TimedFork, string>>

/**
 * The chain spec of an op-geth `genesis.json`. Delta does not touch execution and has no key there.
 *
 * @throws {GenesisError} `badField`
 */
export function chainSpecFromGenesis(genesis: GenesisJson): ChainSpec {
  const { config } = genesis
  if (!config) throw new GenesisError('badField', { path: 'config', reason: 'is missing' })
  if (config.chainId === undefined) throw new GenesisError('badField', { path: 'config.chainId', reason: 'is missing' })
  const forks: { -readonly [F in keyof ForkSchedule]: ForkSchedule[F] } = {}
  for (const [fork, key] of Object.entries(TIME_KEYS) as [
    keyof typeof TIME_KEYS,
    (typeof TIME_KEYS)[keyof typeof TIME_KEYS],
  ][]) {
    const time = config[key]
    if (time !== undefined && time !== null) forks[fork] = BigInt(time)
  }
  const { eip1559Elasticity, eip1559Denominator, eip1559DenominatorCanyon } = config.optimism ?? {}
  return {
    chainId: BigInt(config.chainId),
    forks,
    chainOpConfig: {
      eip1559Elasticity: BigInt(eip1559Elasticity ?? DEFAULT_EIP1559.elasticity),
      eip1559Denominator: BigInt(eip1559Denominator ?? DEFAULT_EIP1559.denominator),
      eip1559DenominatorCanyon: BigInt(eip1559DenominatorCanyon ?? DEFAULT_EIP1559.denominatorCanyon),
    },
  }
}

/**
 * Whether the block at `timestamp` is the first with `fork`, judged by its parent.
 * A fork active at genesis has no such block.
 */
export function isFirstBlockOf(spec: ChainSpec, fork: TimedFork, timestamp: bigint, parentTimestamp: bigint): boolean {
  return isForkActive(spec, fork, timestamp) && !isForkActive(spec, fork, parentTimestamp)
}
