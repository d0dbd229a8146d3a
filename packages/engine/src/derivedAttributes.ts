import { isDepositTx, type L1BlockRef, type L2BlockRef, type PayloadAttributes } from '@keelson/protocol'

/** Attributes that derivation made, with what is needed to place them. The pipeline's output has this shape. */
export type DerivedAttributes = {
  readonly attributes: PayloadAttributes
  readonly parent: L2BlockRef
  /** The block ends its batch: what is pending becomes safe. */
  readonly isLastInSpan: boolean
  /** The L1 block at which the pipeline stood when these were made. */
  readonly derivedFrom: L1BlockRef
}

/** The replacement of an invalid derived block: the same attributes, only their deposits. */
export function withDepositsOnly(attributes: PayloadAttributes): PayloadAttributes {
  return { ...attributes, transactions: attributes.transactions.filter(isDepositTx) }
}

/** Whether there is nothing in the attributes but deposits: then nothing could be left out. */
export function isDepositsOnly(attributes: PayloadAttributes): boolean {
  return attributes.transactions.every(isDepositTx)
}
