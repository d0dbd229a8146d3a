import type { ForkSchedule } from '@keelson/protocol'

/**
 * What execution needs to know of a chain. Fork times are L2 block timestamps.
 *
 * @see specs/protocol/superchain-upgrades.md#l2-block-timestamp-based-activation
 */
export type ChainSpec = {
  readonly chainId: bigint
  readonly forks: ForkSchedule
  /** EIP-1559 constants, used where no extraData carries its own. */
  readonly eip1559: {
    readonly elasticity: bigint
    readonly denominator: bigint
    readonly denominatorCanyon: bigint
  }
}
