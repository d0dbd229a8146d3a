import { DEPOSIT_TX_TYPE, isActivationBlock, isForkActive, type RollupConfig, TX_TYPE } from '@keelson/protocol'
import type { RuleId } from '../verdict.ts'

/** Forks in whose activation block sequenced transactions make a batch invalid. */
const EMPTY_ACTIVATION_FORKS = ['jovian', 'karst'] as const

/** The rule by which a block at `timestamp` may hold no sequenced transaction because a fork begins with it. */
export function emptyActivationRule(config: RollupConfig, timestamp: bigint): RuleId | null {
  for (const fork of EMPTY_ACTIVATION_FORKS) {
    if (isActivationBlock(config, fork, timestamp)) return fork === 'jovian' ? 'DER-169' : 'DER-329'
  }
  return null
}

/** The rule that a sequenced transaction breaks, by its first byte (`undefined`: it has none). */
export function transactionRule(first: number | undefined, isIsthmus: boolean): RuleId | null {
  if (first === undefined) return 'DER-172'
  if (first === DEPOSIT_TX_TYPE) return 'DER-173'
  if (first === TX_TYPE.setCode && !isIsthmus) return 'DER-175'
  return null
}

/** The rule that the transactions of one batch break, and the sentence for it. */
export function transactionsRule(
  config: RollupConfig,
  timestamp: bigint,
  transactions: readonly Uint8Array[],
): { readonly rule: RuleId; readonly reason: string } | null {
  const isIsthmus = isForkActive(config, 'isthmus', timestamp)
  for (const [i, tx] of transactions.entries()) {
    const rule = transactionRule(tx[0], isIsthmus)
    if (rule)
      return { rule, reason: tx.length === 0 ? `transaction ${i} is empty` : `transaction ${i} is of type ${tx[0]}` }
  }
  return null
}
