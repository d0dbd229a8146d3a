import { isActivationBlock } from '../forks.ts'
import type { RollupConfig } from '../rollupConfig.ts'
import { ECOTONE_UPGRADE } from './ecotone.ts'
import { FJORD_UPGRADE } from './fjord.ts'
import { ISTHMUS_UPGRADE } from './isthmus.ts'
import { JOVIAN_UPGRADE } from './jovian.ts'
import { KARST_UPGRADE } from './karst.ts'
import { encodeUpgrade, type UpgradeBundle } from './upgradeTx.ts'

/** The forks with upgrade transactions, in fork order. */
const BUNDLES = {
  ecotone: ECOTONE_UPGRADE,
  fjord: FJORD_UPGRADE,
  isthmus: ISTHMUS_UPGRADE,
  jovian: JOVIAN_UPGRADE,
  karst: KARST_UPGRADE,
} as const satisfies Record<string, UpgradeBundle>

export type UpgradeFork = keyof typeof BUNDLES
export const UPGRADE_FORKS = Object.keys(BUNDLES) as readonly UpgradeFork[]

/** Encoded when first asked for: most processes never see an activation block. */
const encoded = new Map<UpgradeFork, readonly Uint8Array[]>()

/** The encoded upgrade deposits of one fork, in order. The same arrays each time: do not write to them. */
export function upgradeTransactionsOf(fork: UpgradeFork): readonly Uint8Array[] {
  const known = encoded.get(fork)
  if (known) return known
  const transactions = encodeUpgrade(BUNDLES[fork])
  encoded.set(fork, transactions)
  return transactions
}

/**
 * The upgrade deposits of the L2 block at `timestamp`: those of every fork whose activation block it is, in fork
 * order; mostly none. They stand after the user deposits.
 *
 * @see specs/protocol/derivation.md#network-upgrade-automation-transactions
 */
export function upgradeTransactions(
  config: Pick<RollupConfig, 'forks' | 'blockTime'>,
  timestamp: bigint,
): readonly Uint8Array[] {
  return UPGRADE_FORKS.flatMap((fork) =>
    isActivationBlock(config, fork, timestamp) ? upgradeTransactionsOf(fork) : [],
  )
}
