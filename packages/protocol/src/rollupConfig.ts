import type { ForkSchedule } from './forks.ts'
import type { Address } from './primitives.ts'
import type { BlockId } from './refs.ts'
import type { SystemConfig } from './systemConfig.ts'

/**
 * All that derivation needs to know of a chain, as op-node's `rollup.json` has it. Times in seconds.
 *
 * @see specs/protocol/configurability.md
 */
export type RollupConfig = {
  readonly genesis: {
    readonly l1: BlockId
    readonly l2: BlockId
    readonly l2Time: bigint
    readonly systemConfig: SystemConfig
  }
  readonly blockTime: bigint
  readonly maxSequencerDrift: bigint
  readonly seqWindowSize: bigint
  readonly channelTimeout: bigint
  readonly l1ChainId: bigint
  readonly l2ChainId: bigint
  readonly forks: ForkSchedule
  readonly batchInboxAddress: Address
  readonly depositContractAddress: Address
  readonly l1SystemConfigAddress: Address
  readonly protocolVersionsAddress?: Address
  /** EIP-1559 constants of the chain, used where the block's extraData does not carry its own. */
  readonly chainOpConfig?: {
    readonly eip1559Elasticity: bigint
    readonly eip1559Denominator: bigint
    readonly eip1559DenominatorCanyon?: bigint
  }
  /** Karst's activation gas stays in the gas limit on chains where the first nodes carried it on. */
  readonly keepKarstUpgradeGas?: boolean
  /** Where batch data is not on Ethereum. Kept so that such a chain is recognized, and refused. */
  readonly altDa?: {
    readonly commitmentType: string
    readonly challengeWindow: bigint
    readonly resolveWindow: bigint
    readonly challengeContractAddress?: Address
  }
}
