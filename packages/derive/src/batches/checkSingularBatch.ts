import {
  isForkActive,
  type L1BlockRef,
  type L2BlockRef,
  type RollupConfig,
  type SingularBatch,
} from '@keelson/protocol'
import { maxSequencerDrift } from '../constants.ts'
import type { L1Window } from '../l1Window.ts'
import type { Decision } from '../stages/context.ts'
import type { RuleId } from '../verdict.ts'
import { emptyActivationRule, transactionsRule } from './transactionRules.ts'

/** What batches are judged against. */
export type BatchSituation = {
  readonly config: RollupConfig
  /** The L1 blocks known, the safe head's origin being the first (or just before it). */
  readonly window: L1Window
  readonly safeHead: L2BlockRef
  /** The L1 block in which the batch was completed. */
  readonly inclusion: L1BlockRef
}

const drop = (rule: RuleId, reason: string): Decision => ({ outcome: 'dropped', rule, reason })
const ACCEPTED: Decision = { outcome: 'accepted', rule: 'DER-176', reason: 'the next block of the safe chain' }

/**
 * Judges a singular batch, true or taken from a span batch.
 *
 * @see specs/protocol/derivation.md#batch-queue
 * @see specs/protocol/holocene/derivation.md#batch-queue
 */
export function checkSingularBatch(
  batch: SingularBatch,
  { config, window, safeHead, inclusion }: BatchSituation,
): Decision {
  const next = safeHead.timestamp + config.blockTime
  const isHolocene = isForkActive(config, 'holocene', inclusion.timestamp)
  const { timestamp, epochNumber, transactions } = batch
  if (timestamp > next) {
    const reason = `time ${timestamp} is ahead of ${next}`
    return isHolocene ? drop('DER-158', reason) : { outcome: 'future', rule: 'DER-157', reason }
  }
  if (timestamp < next) {
    const reason = `time ${timestamp} is before ${next}`
    return isHolocene ? { outcome: 'past', rule: 'DER-160', reason } : drop('DER-159', reason)
  }
  if (batch.parentHash !== safeHead.hash) {
    return drop('DER-161', `parent ${batch.parentHash} is not the safe head ${safeHead.hash}`)
  }
  if (epochNumber + config.seqWindowSize < inclusion.number) {
    return drop('DER-162', `epoch ${epochNumber} is out of its window at L1 block ${inclusion.number}`)
  }
  const current = safeHead.l1Origin.number
  if (epochNumber < current) return drop('DER-163', `epoch ${epochNumber} is before the safe head's ${current}`)
  if (epochNumber > current + 1n)
    return drop('DER-166', `epoch ${epochNumber} is too far after the safe head's ${current}`)
  const nextEpoch = window.get(current + 1n)
  const origin = epochNumber === current ? window.get(current) : nextEpoch
  if (!origin) {
    if (epochNumber > current)
      return { outcome: 'undecided', rule: 'DER-165', reason: `L1 block ${epochNumber} is not known yet` }
    // The window has moved on: every block of this epoch is there already.
    return drop('DER-163', `epoch ${epochNumber} is complete`)
  }
  if (batch.epochHash !== origin.hash)
    return drop('DER-167', `L1 block ${epochNumber} is ${origin.hash}, not ${batch.epochHash}`)
  if (timestamp < origin.timestamp)
    return drop('DER-168', `time ${timestamp} is before its L1 origin's ${origin.timestamp}`)
  if (transactions.length > 0) {
    const rule = emptyActivationRule(config, timestamp)
    if (rule) return drop(rule, `${transactions.length} transactions in the activation block of a fork`)
  }
  const drift = checkDrift(config, timestamp, transactions.length, origin, epochNumber > current, nextEpoch)
  if (drift) return drift
  const bad = transactionsRule(config, timestamp, transactions)
  if (bad) return drop(bad.rule, bad.reason)
  return ACCEPTED
}

/** What the drift from the L1 origin decides, if anything; `null`: go on. The numbers of its rules are given for spans. */
export function checkDrift(
  config: RollupConfig,
  timestamp: bigint,
  txCount: number,
  origin: L1BlockRef,
  advancesEpoch: boolean,
  nextEpoch: L1BlockRef | null,
  rules: { readonly withTxs: RuleId; readonly empty: RuleId } = { withTxs: 'DER-170', empty: 'DER-171' },
): Decision | null {
  const latest = origin.timestamp + maxSequencerDrift(config, origin.timestamp)
  if (timestamp <= latest) return null
  if (txCount > 0) return drop(rules.withTxs, `time ${timestamp} is beyond ${latest}, and the block has transactions`)
  if (advancesEpoch) return null
  if (!nextEpoch) {
    const reason = `time ${timestamp} is beyond ${latest}, and the next L1 block is not known yet`
    return { outcome: 'undecided', rule: rules.empty, reason }
  }
  if (timestamp < nextEpoch.timestamp) return null
  return drop(rules.empty, `time ${timestamp} is beyond ${latest}: L1 block ${nextEpoch.number} must be its origin`)
}
