import { type Hash, ZERO_HASH } from './primitives.ts'

/** A block by hash and height. */
export type BlockId = { readonly hash: Hash; readonly number: bigint }

/** What the rollup node remembers of an L1 block. `timestamp` in seconds. */
export type L1BlockRef = BlockId & { readonly parentHash: Hash; readonly timestamp: bigint }

/** What the rollup node remembers of an L2 block; the L1 origin is the block's epoch. */
export type L2BlockRef = BlockId & {
  readonly parentHash: Hash
  readonly timestamp: bigint
  readonly l1Origin: BlockId
  /** Distance to the first block of the epoch. */
  readonly sequenceNumber: bigint
}

export const ZERO_BLOCK_ID: BlockId = { hash: ZERO_HASH, number: 0n }
export const ZERO_L1_BLOCK_REF: L1BlockRef = { ...ZERO_BLOCK_ID, parentHash: ZERO_HASH, timestamp: 0n }
export const ZERO_L2_BLOCK_REF: L2BlockRef = { ...ZERO_L1_BLOCK_REF, l1Origin: ZERO_BLOCK_ID, sequenceNumber: 0n }

/** The three labels of a chain's heads. */
export type BlockLabel = 'unsafe' | 'safe' | 'finalized'

/** The hash and height of a ref, without the rest. */
export function blockId(block: BlockId): BlockId {
  return { hash: block.hash, number: block.number }
}
