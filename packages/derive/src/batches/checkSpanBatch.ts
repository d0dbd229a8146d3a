import { bytesEqual, isDepositTx, isForkActive, type L2BlockRef, type SpanBatch } from '@keelson/protocol'
import { DerivationError } from '../errors.ts'
import type { L2Provider } from '../providers.ts'
import type { Decision } from '../stages/context.ts'
import type { RuleId } from '../verdict.ts'
import { type BatchSituation, checkDrift } from './checkSingularBatch.ts'
import { emptyActivationRule, transactionsRule } from './transactionRules.ts'

/** What span batches are judged against: also the safe chain itself, which they may overlap. */
export type SpanSituation = BatchSituation & {
  readonly l2: Pick<L2Provider, 'getL2BlockRefByNumber' | 'getL2Transactions'>
}

const drop = (rule: RuleId, reason: string): Decision => ({ outcome: 'dropped', rule, reason })
const undecided = (rule: RuleId, reason: string): Decision => ({ outcome: 'undecided', rule, reason })
const past = (rule: RuleId, reason: string): Decision => ({ outcome: 'past', rule, reason })
/**
 * A span for which op-node and kona lack a block that will never come. They call it undecided, which from Holocene on
 * lets go of the span alone: its channel is read on. Before Holocene they would wait for ever.
 */
const notToBeDecided = (isHolocene: boolean, rule: RuleId, reason: string): Decision =>
  isHolocene ? past(rule, reason) : drop(rule, reason)
const ACCEPTED: Decision = { outcome: 'accepted', rule: 'DER-193', reason: 'the span continues the safe chain' }

/** Good so far, and the block of the safe chain that the span builds on. */
type Prefix = Decision | { readonly outcome: 'continues'; readonly parent: L2BlockRef }

/**
 * Judges a span batch before Holocene: as a whole, all or nothing.
 *
 * @see specs/protocol/delta/span-batches.md#batch-queue
 * @throws {DerivationError} `l2ReadFailed`
 */
export async function checkSpanBatch(span: SpanBatch, situation: SpanSituation): Promise<Decision> {
  const prefix = await checkPrefix(span, situation)
  if (prefix.outcome !== 'continues') return prefix
  return (
    checkBlocks(span, situation, prefix.parent) ??
    (await checkOverlap(span, situation, prefix.parent, 'DER-199')) ??
    ACCEPTED
  )
}

/**
 * Judges a span batch from Holocene: where it begins and ends, and what it says of blocks that are safe already. Its
 * new blocks are judged one by one, each in its turn.
 *
 * @see specs/protocol/holocene/derivation.md#span-batches
 * @throws {DerivationError} `l2ReadFailed`
 */
export async function checkSpanBatchHolocene(span: SpanBatch, situation: SpanSituation): Promise<Decision> {
  const prefix = await checkPrefix(span, situation)
  if (prefix.outcome !== 'continues') return prefix
  const overlap = await checkOverlap(span, situation, prefix.parent, 'DER-201')
  if (overlap) return overlap
  const first = firstNewBlock(span, situation.safeHead, situation.config.blockTime)
  const epoch = span.blockEpochNumber(first)
  // Epochs only grow within a span and the last one is known, so that the first new one tells of all.
  if (!situation.window.get(epoch))
    return drop('DER-219', `block ${first} of the span has epoch ${epoch}, which is outdated`)
  return ACCEPTED
}

/** Index of the first block after the safe head: how many of the span's blocks are at or before it. */
export function firstNewBlock(span: SpanBatch, safeHead: L2BlockRef, blockTime: bigint): number {
  if (span.timestamp > safeHead.timestamp) return 0
  const index = (safeHead.timestamp - span.timestamp) / blockTime + 1n
  return index < span.blockCount ? Number(index) : span.blockCount
}

async function checkPrefix(span: SpanBatch, situation: SpanSituation): Promise<Prefix> {
  const { config, window, safeHead, inclusion } = situation
  const start = span.startEpochNumber
  const current = safeHead.l1Origin.number
  // The first L1 block known: the safe head's origin, or the one after it when that has all of its blocks.
  const epoch = window.first
  const origin = epoch && start === epoch.number + 1n ? window.get(start) : epoch
  if (!origin) return undecided('DER-180', `L1 block ${start} is not known yet`)
  if (!isForkActive(config, 'delta', origin.timestamp))
    return drop('DER-181', `L1 origin time ${origin.timestamp} is before Delta`)

  const next = safeHead.timestamp + config.blockTime
  const isHolocene = isForkActive(config, 'holocene', inclusion.timestamp)
  if (span.timestamp > next) {
    const reason = `the span begins at ${span.timestamp}, ahead of ${next}`
    return isHolocene ? drop('DER-183', reason) : { outcome: 'future', rule: 'DER-182', reason }
  }
  const last = span.blockTimestamp(span.blockCount - 1)
  if (last < next) {
    const reason = `the span ends at ${last}, before ${next}`
    return isHolocene ? past('DER-185', reason) : drop('DER-184', reason)
  }

  const behind = safeHead.timestamp - span.timestamp
  if (behind >= 0n && behind % config.blockTime === 0n && span.timestamp <= config.genesis.l2Time) {
    return notToBeDecided(isHolocene, 'DER-187', `the span begins at ${span.timestamp}: no block comes before genesis`)
  }
  const parent = await parentOf(span, situation)
  if (!parent)
    return drop('DER-186', `no block of the safe chain comes just before the span's first at ${span.timestamp}`)
  if (!span.checkParentHash(parent.hash)) {
    return drop('DER-188', `the span builds on ${span.parentCheck}…, the safe chain has ${parent.hash}`)
  }
  if (start + config.seqWindowSize < inclusion.number) {
    return drop('DER-189', `epoch ${start} is out of its window at L1 block ${inclusion.number}`)
  }
  if (start > parent.l1Origin.number + 1n) {
    return drop('DER-190', `epoch ${start} is too far after the parent's ${parent.l1Origin.number}`)
  }
  const end = span.endEpochNumber
  const endOrigin = window.get(end)
  if (!endOrigin) {
    if (window.last && end > window.last.number) return undecided('DER-191', `L1 block ${end} is not known yet`)
    return notToBeDecided(isHolocene, 'DER-191', `the last epoch ${end} is before the safe head's ${current}`)
  }
  if (!span.checkOriginHash(endOrigin.hash)) {
    return drop('DER-191', `L1 block ${end} is ${endOrigin.hash}, not ${span.l1OriginCheck}…`)
  }
  if (start < parent.l1Origin.number) {
    return drop('DER-192', `epoch ${start} is before the parent's ${parent.l1Origin.number}`)
  }
  return { outcome: 'continues', parent }
}

/** The block of the safe chain just before the span, or `null` when none is. */
async function parentOf(span: SpanBatch, { config, safeHead, l2 }: SpanSituation): Promise<L2BlockRef | null> {
  if (span.timestamp === safeHead.timestamp + config.blockTime) return safeHead
  if (span.timestamp > safeHead.timestamp) return null
  const behind = safeHead.timestamp - span.timestamp
  if (behind % config.blockTime !== 0n) return null
  const number = safeHead.number - behind / config.blockTime - 1n
  const parent = await l2.getL2BlockRefByNumber(number)
  if (!parent) throw new DerivationError('l2ReadFailed', { number })
  return parent
}

/** Judges each block after the safe head. */
function checkBlocks(span: SpanBatch, situation: SpanSituation, parent: L2BlockRef): Decision | null {
  const { config, window, safeHead } = situation
  for (let i = firstNewBlock(span, safeHead, config.blockTime); i < span.blockCount; i++) {
    const timestamp = span.blockTimestamp(i)
    const epoch = span.blockEpochNumber(i)
    if (epoch < safeHead.l1Origin.number)
      return drop('DER-194', `block ${i} has epoch ${epoch}, before the safe head's`)
    const origin = window.get(epoch)
    if (!origin) return drop('DER-195', `block ${i} has epoch ${epoch}, which is not known`)
    if (timestamp < origin.timestamp) {
      return drop('DER-195', `block ${i} at ${timestamp} is before its L1 origin's ${origin.timestamp}`)
    }
    // Bit 0 is not proven by anything, so that the parent tells whether the first block changed the epoch.
    const previous = i > 0 ? span.blockEpochNumber(i - 1) : parent.l1Origin.number
    const txCount = span.blockTxCount(i)
    const rules = { withTxs: 'DER-196', empty: 'DER-197' } as const
    const drift = checkDrift(config, timestamp, txCount, origin, epoch > previous, window.get(epoch + 1n), rules)
    if (drift) return { ...drift, reason: `block ${i}: ${drift.reason}` }
    if (txCount === 0) continue
    const activation = emptyActivationRule(config, timestamp)
    if (activation) return drop(activation, `block ${i}: ${txCount} transactions in the activation block of a fork`)
    const bad = spanTransactionsRule(span, i, situation)
    if (bad) return drop('DER-198', `block ${i}: ${bad}`)
  }
  return null
}

/** The types tell all: a transaction rebuilt is never empty, and its first byte is its type (0: a list). */
function spanTransactionsRule(span: SpanBatch, index: number, { config }: SpanSituation): string | null {
  const timestamp = span.blockTimestamp(index)
  const firstBytes = Array.from(span.blockTxTypes(index), (type) => Uint8Array.of(type === 0 ? 0xc0 : type))
  return transactionsRule(config, timestamp, firstBytes)?.reason ?? null
}

/** Compares the blocks at or before the safe head with the safe chain. */
async function checkOverlap(
  span: SpanBatch,
  situation: SpanSituation,
  parent: L2BlockRef,
  rule: RuleId,
): Promise<Decision | null> {
  const { safeHead, l2 } = situation
  const overlap = Number(safeHead.number - parent.number)
  for (let i = 0; i < overlap; i++) {
    const number = parent.number + BigInt(i) + 1n
    const [block, ref] = await Promise.all([l2.getL2Transactions(number), l2.getL2BlockRefByNumber(number)])
    if (!block || !ref) throw new DerivationError('l2ReadFailed', { number })
    const sequenced = block.transactions.filter((tx) => !isDepositTx(tx))
    if (sequenced.length !== span.blockTxCount(i)) {
      return drop(rule, `block ${number} has ${sequenced.length} transactions, ${span.blockTxCount(i)} in the span`)
    }
    const transactions = span.blockTransactions(i)
    const different = sequenced.findIndex((tx, j) => !bytesEqual(tx, transactions[j] as Uint8Array))
    if (different >= 0) return drop(rule, `transaction ${different} of block ${number} is another one in the span`)
    if (ref.l1Origin.number !== span.blockEpochNumber(i)) {
      return drop(rule, `block ${number} has epoch ${ref.l1Origin.number}, ${span.blockEpochNumber(i)} in the span`)
    }
  }
  return null
}
