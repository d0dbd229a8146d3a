import type { AttributesBuilder } from '@keelson/derive'
import {
  blockId,
  isActivationBlock,
  type L1BlockRef,
  type L2BlockRef,
  type PayloadAttributes,
  type RollupConfig,
} from '@keelson/protocol'
import { maxSequencerDrift, type OriginSelector } from './originSelector.ts'

/** Blocks in which the pool has no place, so that the upgrade runs alone. */
const UPGRADE_FORKS = ['ecotone', 'fjord', 'isthmus', 'jovian', 'karst'] as const

type SequencedAttributesParts = {
  readonly config: RollupConfig
  readonly attributes: AttributesBuilder
  readonly origins: Pick<OriginSelector, 'select'>
}

/** What the next block is built from, and the L1 origin that was chosen for it. */
export type SequencedAttributes = { readonly attributes: PayloadAttributes; readonly origin: L1BlockRef }

/**
 * Chooses the L1 origin of the block after `parent`, and says what it is built from.
 *
 * @param recoverMode - the pool has no place in any block, so that derivation could have made it
 * @throws {OriginError} and as the attributes builder
 * @see specs/protocol/derivation.md#building-individual-payload-attributes
 */
export async function sequencedAttributes(
  { config, attributes: builder, origins }: SequencedAttributesParts,
  parent: L2BlockRef,
  recoverMode: boolean,
): Promise<SequencedAttributes> {
  const origin = await origins.select(parent)
  const attributes = await builder.buildAttributes(parent, blockId(origin))
  const noTxPool = recoverMode || isClosedToPool(config, attributes.timestamp, origin)
  return { attributes: { ...attributes, noTxPool }, origin }
}

/** Past the sequencer drift a block may hold only deposits, and upgrades run alone. */
function isClosedToPool(config: RollupConfig, timestamp: bigint, origin: L1BlockRef): boolean {
  if (timestamp > origin.timestamp + maxSequencerDrift(config, origin.timestamp)) return true
  return UPGRADE_FORKS.some((fork) => isActivationBlock(config, fork, timestamp))
}
