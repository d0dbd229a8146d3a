import type { Hash } from '@keelson/protocol'
import type { TxInclusion } from './txApi.ts'
import type { TxFees, UnsignedTx } from './txEncoding.ts'

export type TxVersion = { readonly hash: Hash; readonly raw: Uint8Array }

/** A transaction from its first publication until nothing can take it back. */
export type TrackedTx = {
  readonly tx: Omit<UnsignedTx, 'fees'>
  fees: TxFees
  /** Every version that was published, the newest last: an older one may get in as well. */
  readonly versions: [TxVersion, ...TxVersion[]]
  publishedMs: number
  /** Answers "nonce too low" while no version has a receipt. */
  nonceTooLow: number
  /** Where it stands in the chain; may still be taken out by a reorg. */
  inclusion: TxInclusion | null
  /** Whoever waits for its confirmations. */
  resolve: (inclusion: TxInclusion) => void
  reject: (error: Error) => void
}

export const newestVersion = ({ versions }: TrackedTx): TxVersion => versions.at(-1) ?? versions[0]

export const isBlobTx = ({ tx }: Pick<TrackedTx, 'tx'>): boolean => tx.sidecars.length > 0

export const byNonce = (a: TrackedTx, b: TrackedTx): number => a.tx.nonce - b.tx.nonce

/** Fees as log lines show them. */
export const feeFields = ({ tip, feeCap, blobFeeCap }: TxFees) => ({ tip, fee_cap: feeCap, blob_fee_cap: blobFeeCap })
