import type {
  BlockId,
  CallOptions,
  Hash,
  IndexedBlobHash,
  L1BlockInfo,
  L1BlockRef,
  L1Receipt,
  L2BlockRef,
  SystemConfig,
} from '@keelson/protocol'

/**
 * All that derivation asks of L1. Whoever implements it verifies: headers against their hash, transactions against
 * `transactionsRoot`, receipts against `receiptsRoot`. A failed fetch rejects with an error of severity `temporary`.
 */
export interface L1Provider {
  /** Canonical block at `number`, or `null` past the head. */
  getBlockRefByNumber(number: bigint, call?: CallOptions): Promise<L1BlockRef | null>
  /** Header fields of a block, or `null` when L1 does not know the hash (any more). */
  getBlockInfo(hash: Hash, call?: CallOptions): Promise<L1BlockInfo | null>
  /** EIP-2718 encodings in block order, or `null` when L1 does not know the hash (any more). */
  getTransactions(hash: Hash, call?: CallOptions): Promise<readonly Uint8Array[] | null>
  /** Receipts in transaction order, or `null` when L1 does not know the hash (any more). */
  getReceipts(hash: Hash, call?: CallOptions): Promise<readonly L1Receipt[] | null>
}

/** Blobs by versioned hash, each already checked against it. */
export interface BlobProvider {
  /**
   * The blobs of `ref` in the order of `hashes`, 131,072 bytes each, or `null` when the source answered and does not
   * have one of them (a reset). Rejects with severity `temporary` when it could not be asked.
   */
  getBlobs(
    ref: L1BlockRef,
    hashes: readonly IndexedBlobHash[],
    call?: CallOptions,
  ): Promise<readonly Uint8Array[] | null>
}

/** All that derivation asks of the L2 chain. `null`: no such block. */
export interface L2Provider {
  getL2BlockRefByNumber(number: bigint, call?: CallOptions): Promise<L2BlockRef | null>
  getL2BlockRefByHash(hash: Hash, call?: CallOptions): Promise<L2BlockRef | null>
  /** The transactions of a block (EIP-2718), for comparing overlapping span batches with the safe chain. */
  getL2Transactions(
    number: bigint,
    call?: CallOptions,
  ): Promise<{ readonly id: BlockId; readonly transactions: readonly Uint8Array[] } | null>
  /** The system config as it stands in the L2 block with this hash (read from its L1 attributes and header). */
  getSystemConfigByL2Hash(hash: Hash, call?: CallOptions): Promise<SystemConfig | null>
}
