import { isActivationBlock } from '../forks.ts'
import type { RollupConfig } from '../rollupConfig.ts'

/** Sum of the gas limits of Karst's upgrade transactions. */
export const KARST_UPGRADE_GAS = 55_370_657n

/**
 * What the gas limit of the block at `timestamp` is above that of the system config: Karst's activation block is given
 * the gas of its upgrade transactions; all others 0.
 *
 * @see specs/protocol/karst/derivation.md
 */
export function upgradeGas(config: Pick<RollupConfig, 'forks' | 'blockTime'>, timestamp: bigint): bigint {
  return isActivationBlock(config, 'karst', timestamp) ? KARST_UPGRADE_GAS : 0n
}
