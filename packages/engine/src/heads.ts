import { type BlockId, type L2BlockRef, ZERO_L2_BLOCK_REF } from '@keelson/protocol'

/**
 * The heads of the L2 chain, with `unsafe ≥ pendingSafe ≥ safe ≥ finalized`.
 *
 * `pendingSafe` is ahead of `safe` only inside a span batch that is not complete yet (before Holocene).
 */
export type Heads = {
  readonly unsafe: L2BlockRef
  readonly pendingSafe: L2BlockRef
  readonly safe: L2BlockRef
  readonly finalized: L2BlockRef
}

/** What moved a head. */
export type HeadsCause =
  | 'derived'
  | 'consolidated'
  | 'sequenced'
  | 'gossip'
  | 'finalized'
  | 'restored'
  | 'elSync'
  | 'reset'
  | 'followed'

/** Heads before the first reset found any: all zero. */
export const NO_HEADS: Heads = {
  unsafe: ZERO_L2_BLOCK_REF,
  pendingSafe: ZERO_L2_BLOCK_REF,
  safe: ZERO_L2_BLOCK_REF,
  finalized: ZERO_L2_BLOCK_REF,
}

/** A block as log lines show it: `hash:number`. */
export const showBlock = ({ hash, number }: BlockId): string => `${hash}:${number}`

/** Heads as log lines show them. */
export const showHeads = (heads: Partial<Heads>): Record<string, string> =>
  Object.fromEntries(Object.entries(heads).map(([name, ref]) => [name, showBlock(ref)]))
