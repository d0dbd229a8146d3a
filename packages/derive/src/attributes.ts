import { isDepositTx, type L1BlockRef, type L2BlockRef, type PayloadAttributes } from '@keelson/protocol'

/** One derived block before it is built: the engine builds `attributes` on `parent`. */
export type AttributesWithParent = {
  readonly attributes: PayloadAttributes
  readonly parent: L2BlockRef
  /** Safe may move to this block: false only inside a span batch before Holocene. */
  readonly isLastInSpan: boolean
  /** The L1 block at which derivation stood: everything up to it was read. Finality goes by it. */
  readonly derivedFrom: L1BlockRef
}

/**
 * The same attributes with nothing but the deposits: L1 attributes, user deposits and upgrade transactions. From
 * Holocene it takes the place of a derived payload that turned out invalid.
 *
 * @see specs/protocol/holocene/derivation.md#engine-queue
 */
export function depositsOnly<T extends PayloadAttributes | AttributesWithParent>(attributes: T): T {
  if ('attributes' in attributes) return { ...attributes, attributes: depositsOnly(attributes.attributes) }
  return { ...attributes, transactions: attributes.transactions.filter(isDepositTx) }
}

/** Whether there is nothing to leave out: such attributes that are invalid are a critical error. */
export function isDepositsOnly(attributes: PayloadAttributes): boolean {
  return attributes.transactions.every(isDepositTx)
}
