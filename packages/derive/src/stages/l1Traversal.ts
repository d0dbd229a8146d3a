import { applySystemConfigUpdates, type L1BlockRef, type SystemConfig } from '@keelson/protocol'
import { DerivationError } from '../errors.ts'
import type { L1Provider } from '../providers.ts'
import { again, drained, type Pull, ready, type Stage, type StageBase } from '../stage.ts'
import type { StageContext } from './context.ts'

/** An L1 block to be read, with the batcher as of that block. */
export type L1Step = { readonly block: L1BlockRef; readonly systemConfig: SystemConfig }

/** The outermost stage: gives each L1 block once, and moves on when told to. */
export type L1Traversal = Stage<L1Step> & {
  /** Moves to the next L1 block: `again`, or `drained` when it is not there yet. */
  advance(): Promise<Pull<never>>
}

/**
 * Walks L1 block by block, applying the system config updates of each block before its batcher transactions are read.
 *
 * @throws {DerivationError} `l1Reorg`, `l1BlockMissing`
 * @see specs/protocol/derivation.md#l1-traversal
 */
export function l1Traversal(
  ctx: StageContext,
  l1: Pick<L1Provider, 'getBlockRefByNumber' | 'getReceipts'>,
): L1Traversal {
  let step: L1Step | null = null
  let isGiven = true
  return {
    async pull() {
      if (!step || isGiven) return drained
      isGiven = true
      return ready(step)
    },
    async advance() {
      if (!step) throw new DerivationError('notReset', {})
      const { block: origin, systemConfig } = step
      const next = await l1.getBlockRefByNumber(origin.number + 1n)
      if (!next) return drained
      if (next.parentHash !== origin.hash) {
        throw new DerivationError('l1Reorg', { origin, next, parentHash: next.parentHash })
      }
      const receipts = await l1.getReceipts(next.hash)
      if (!receipts) throw new DerivationError('l1BlockMissing', { block: next, what: 'receipts' })
      step = { block: next, systemConfig: applySystemConfigUpdates(systemConfig, receipts, ctx.config, next.timestamp) }
      isGiven = false
      ctx.origin = next
      ctx.observer?.originMoved?.(next)
      return again
    },
    reset({ origin, systemConfig }: StageBase) {
      step = { block: origin, systemConfig }
      isGiven = false
      ctx.origin = origin
      ctx.observer?.originMoved?.(origin)
    },
  }
}
