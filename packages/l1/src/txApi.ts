import type { Address, Hash } from '@keelson/protocol'

/** Signs for one L1 account. */
export interface TxSigner {
  readonly address: Address
  /** Signs a 32-byte digest. */
  sign(digest: Hash): Promise<{ readonly r: bigint; readonly s: bigint; readonly yParity: 0 | 1 }>
}

/** What shall happen on L1, before nonce and fees. Blobs make it a type-3 transaction, else it is type 2. */
export type TxCandidate = {
  readonly to: Address
  readonly data?: Uint8Array
  readonly value?: bigint
  /** 131,072 bytes each. */
  readonly blobs?: readonly Uint8Array[]
  /** Estimated when absent. */
  readonly gasLimit?: bigint
}

/** Where a transaction stands on L1. */
export type TxInclusion = {
  readonly hash: Hash
  readonly nonce: number
  readonly blockHash: Hash
  readonly blockNumber: bigint
  readonly status: boolean
  readonly gasUsed: bigint
  readonly effectiveGasPrice: bigint
  readonly contractAddress: Address | null
}

/** An L1 reorg took out a transaction that had its confirmations. `resent`: it is on its way again, unchanged. */
export type TxDropped = { readonly inclusion: TxInclusion; readonly resent: boolean }

/**
 * Sends the transactions of one account, in order, until each has its confirmations: nonces, fee bumps, blobs and calldata kept
 * apart (an L1 pool takes only one kind of an account at a time), and again after an L1 reorg.
 */
export interface TxManager {
  readonly address: Address
  /**
   * Resolves when the transaction has its confirmations. Calls made one after another get ascending nonces.
   *
   * @throws {TxError} `unsendable`, `reverted`, `feeLimit`, `replaced`, `timedOut`, `closed`, or the signal's reason. Once
   * published, an abort stops the waiting, not the transaction.
   */
  send(candidate: TxCandidate, call?: { readonly signal?: AbortSignal }): Promise<TxInclusion>
  /** Transactions published and not yet confirmed. */
  readonly pending: number
  /** What the two kinds of data would cost now, in wei per gas. */
  fees(): Promise<{ readonly baseFee: bigint; readonly tip: bigint; readonly blobBaseFee: bigint }>
  onDropped(listener: (dropped: TxDropped) => void): () => void
  close(): void
}
