import type { L2BlockRef } from '@keelson/protocol'
import type { AttributesWithParent } from '../attributes.ts'
import type { AttributesBuilder } from '../attributesBuilder.ts'
import { DerivationError } from '../errors.ts'
import { type Pull, ready } from '../stage.ts'
import type { BatchProvider, DerivedBatch } from './batchContext.ts'
import type { StageContext } from './context.ts'

/** The innermost stage. */
export type AttributesQueue = {
  pull(parent: L2BlockRef): Promise<Pull<AttributesWithParent>>
  reset(): void
}

/**
 * Makes payload attributes of batches: the deposits of the epoch before the transactions of the batch. A batch is kept
 * until its attributes are built, so that a failed fetch loses nothing.
 *
 * @throws {DerivationError} `batchNotNext` and what the attributes builder throws
 * @see specs/protocol/derivation.md#payload-attributes-derivation
 */
export function attributesQueue(
  ctx: StageContext,
  nextBatch: BatchProvider['pull'],
  builder: AttributesBuilder,
): AttributesQueue {
  let next: DerivedBatch | null = null

  return {
    async pull(parent) {
      if (!next) {
        const pulled = await nextBatch(parent)
        if (pulled.status !== 'ready') return pulled
        next = pulled.value
      }
      const { batch, isLastInSpan } = next
      const expectedTimestamp = parent.timestamp + ctx.config.blockTime
      if (batch.parentHash !== parent.hash || batch.timestamp !== expectedTimestamp) {
        const { parentHash: batchParent, timestamp } = batch
        throw new DerivationError('batchNotNext', { parent, batchParent, expectedTimestamp, timestamp })
      }
      const forced = await builder.buildAttributes(parent, { number: batch.epochNumber, hash: batch.epochHash })
      next = null
      const attributes = { ...forced, noTxPool: true, transactions: [...forced.transactions, ...batch.transactions] }
      return ready({ attributes, parent, isLastInSpan, derivedFrom: ctx.origin })
    },
    reset() {
      next = null
    },
  }
}
