import type { Address, Hash, Hex } from './primitives.ts'
import type { L1BlockRef } from './refs.ts'

/** The header fields of an L1 block that derivation reads; already checked against the block's hash. */
export type L1BlockInfo = L1BlockRef & {
  readonly baseFee: bigint
  /** The header's mixHash: the beacon chain's RANDAO. */
  readonly mixHash: Hash
  /** Absent before Cancun. */
  readonly excessBlobGas?: bigint
  readonly blobGasUsed?: bigint
  /** Absent before Cancun. */
  readonly parentBeaconBlockRoot?: Hash
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  /** 256 bytes. */
  readonly logsBloom: Hex
}

export type Log = { readonly address: Address; readonly topics: readonly Hash[]; readonly data: Hex }

/** What derivation reads of an L1 receipt. The log index of the block is the position counted over all receipts. */
export type L1Receipt = { readonly status: boolean; readonly logs: readonly Log[] }

/** A blob by versioned hash, and by its position among all blobs of its L1 block. */
export type IndexedBlobHash = { readonly index: number; readonly hash: Hash }
