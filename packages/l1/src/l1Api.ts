import type { L1Provider } from '@keelson/derive'
import type { Address, BlockId, CallOptions, Hash, L1BlockRef } from '@keelson/protocol'

/** The block labels of L1's JSON-RPC. */
export type L1Label = 'latest' | 'safe' | 'finalized'

/** How receipts are asked for, by kind of RPC provider, as op-node's `l1.rpckind`. */
export const RPC_KINDS = [
  'alchemy',
  'quicknode',
  'infura',
  'parity',
  'nethermind',
  'debug_geth',
  'erigon',
  'basic',
  'any',
  'standard',
] as const
export type RpcKind = (typeof RPC_KINDS)[number]

/**
 * L1 over JSON-RPC. Whatever it gives was checked against the block's hash (unless `trustRpc`) and is cached by hash.
 *
 * Every method rejects with {@link L1Error} of severity `temporary` when L1 could not be asked or answered nonsense,
 * or with the signal's reason.
 */
export interface L1Client extends L1Provider {
  /** @throws {L1Error} `unavailable` */
  chainId(call?: CallOptions): Promise<bigint>
  /** The block under a label, or `null` while L1 has none (a young chain has no finalized block). */
  getBlockRefByLabel(label: L1Label, call?: CallOptions): Promise<L1BlockRef | null>
  /** By hash, or `null` when L1 does not know it (any more). */
  getBlockRefByHash(hash: Hash, call?: CallOptions): Promise<L1BlockRef | null>
  /** One 32-byte storage word at a block; proven against the block's state root unless `trustRpc`. */
  getStorageAt(address: Address, slot: Hash, block: BlockId, call?: CallOptions): Promise<Hash>
  /** Stops fetching ahead. */
  close(): void
}

/** A label moved to another block. `reorg`: the block it stood on is no longer part of the chain. */
export type L1HeadEvent = {
  readonly label: L1Label
  readonly from: L1BlockRef | null
  readonly to: L1BlockRef
  readonly reorg: boolean
}

/** Follows L1's latest, safe and finalized blocks. */
export interface L1HeadTracker {
  /** The last seen block under each label; `null` before the first. */
  readonly heads: { readonly [L in L1Label]: L1BlockRef | null }
  /** Called for each move, in order; the returned function ends it. */
  on(listener: (event: L1HeadEvent) => void): () => void
  /** Resolves with the latest block once L1 answers; until then says in the log what it waits for. */
  start(signal?: AbortSignal): Promise<L1BlockRef>
  /** Asks now instead of at the next poll. */
  refresh(): Promise<void>
  close(): void
}

/** Commits to blobs; see `createBlobCrypto`. */
export interface BlobCrypto {
  /** KZG commitments, 48 bytes each. */
  commitments(blobs: readonly Uint8Array[]): Promise<Uint8Array[]>
  /** Versioned hash, commitment and blob proof (EIP-4844) of each blob. */
  sidecars(blobs: readonly Uint8Array[]): Promise<BlobSidecar[]>
  /** As {@link sidecars}, with the 128 cell proofs of each blob that L1 wants from Osaka (EIP-7594). */
  cellProofs(blobs: readonly Uint8Array[]): Promise<Uint8Array[][]>
  /** Whether each blob's proof holds for its commitment. Cheaper than {@link commitments} for full blobs. */
  verifyProofs(blobs: readonly { blob: Uint8Array; commitment: Uint8Array; proof: Uint8Array }[]): Promise<boolean[]>
  /** Loads what the first job would wait for, in the background. */
  warm(): void
  close(): Promise<void>
}

export type BlobSidecar = {
  readonly blob: Uint8Array
  readonly commitment: Uint8Array
  readonly proof: Uint8Array
  readonly versionedHash: Hash
}
