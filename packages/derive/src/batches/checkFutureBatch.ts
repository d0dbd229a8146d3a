import type { L1BlockRef, RollupConfig, SingularBatch } from '@keelson/protocol'
import { maxSequencerDrift } from '../constants.ts'
import type { Batch } from '../stages/channelReader.ts'
import type { Decision } from '../stages/context.ts'
import type { RuleId } from '../verdict.ts'
import type { BatchSituation } from './checkSingularBatch.ts'
import { emptyActivationRule, transactionsRule } from './transactionRules.ts'

const drop = (rule: RuleId, reason: string): Decision => ({ outcome: 'dropped', rule, reason })

/**
 * Why a batch whose time has not come can never be accepted, or `null`: it may be one day.
 *
 * Before Holocene the batch queue keeps batches of the future, and nothing in the specification says how many. What this
 * finds would be dropped in the end, so that dropping it at once changes no block; what it leaves is due, and gone, when
 * the sequencing window of its epoch and the drift have passed.
 *
 * @see specs/protocol/derivation.md#batch-queue
 */
export function checkFutureBatch({ type, batch }: Batch, situation: BatchSituation): Decision | null {
  const { config, window, safeHead, inclusion } = situation
  const isSpan = type === 'span'
  const start = isSpan ? batch.startEpochNumber : batch.epochNumber
  const end = isSpan ? batch.endEpochNumber : batch.epochNumber
  const { timestamp } = batch
  if ((timestamp - safeHead.timestamp) % config.blockTime !== 0n)
    return drop(isSpan ? 'DER-186' : 'DER-159', `no block is ever at time ${timestamp}`)
  if (start + config.seqWindowSize < inclusion.number)
    return drop(isSpan ? 'DER-189' : 'DER-162', `epoch ${start} is out of its window at L1 block ${inclusion.number}`)
  const { first } = window
  // The L1 blocks known only ever move on.
  if (first && start < first.number)
    return drop(isSpan ? 'DER-192' : 'DER-163', `epoch ${start} is complete, the first open one is ${first.number}`)
  // An L1 block's hash depends on all that is in the blocks before it.
  if (end >= inclusion.number)
    return drop('DER-007', `nothing in L1 block ${inclusion.number} can know the hash of L1 block ${end}`)
  const origin = window.get(start)
  const last = window.get(end)
  const next = window.get(start + 1n)
  if (!first || !origin || !last || !next) return null
  if (isSpan ? !batch.checkOriginHash(last.hash) : batch.epochHash !== last.hash)
    return drop(isSpan ? 'DER-191' : 'DER-167', `L1 block ${end} is ${last.hash}, not the one named`)
  if (timestamp < origin.timestamp)
    return drop(isSpan ? 'DER-195' : 'DER-168', `time ${timestamp} is before its L1 origin's ${origin.timestamp}`)
  const latest = latestTime(situation, first, origin, next)
  if (timestamp > latest)
    return drop(isSpan ? 'DER-197' : 'DER-171', `time ${timestamp} is beyond ${latest}, whatever comes before it`)
  return isSpan ? null : checkTransactions(batch, config, origin)
}

/**
 * The latest time that a block of the epoch `origin` can have. A block that stays in its parent's epoch is within the
 * drift or before the next L1 block; only one that moves to another epoch may be later, and there are not more of those
 * than epochs since the first one known.
 */
function latestTime(
  { config, safeHead }: BatchSituation,
  first: L1BlockRef,
  origin: L1BlockRef,
  next: L1BlockRef,
): bigint {
  let staying = origin.timestamp + maxSequencerDrift(config, origin.timestamp)
  for (const time of [next.timestamp, safeHead.timestamp]) if (time > staying) staying = time
  return staying + (origin.number - first.number + 1n) * config.blockTime
}

function checkTransactions(batch: SingularBatch, config: RollupConfig, origin: L1BlockRef): Decision | null {
  const { timestamp, transactions } = batch
  if (transactions.length === 0) return null
  const activation = emptyActivationRule(config, timestamp)
  if (activation) return drop(activation, `${transactions.length} transactions in the activation block of a fork`)
  const latest = origin.timestamp + maxSequencerDrift(config, origin.timestamp)
  if (timestamp > latest)
    return drop('DER-170', `time ${timestamp} is beyond ${latest}, and the block has transactions`)
  const bad = transactionsRule(config, timestamp, transactions)
  return bad && drop(bad.rule, bad.reason)
}
