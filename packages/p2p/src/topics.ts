import { isForkActive, type RollupConfig } from '@keelson/protocol'

/** Format of a gossiped payload: 0 before Canyon, 1 Canyon and Delta, 2 from Ecotone, 3 from Isthmus. */
export const BLOCK_VERSIONS = [0, 1, 2, 3] as const
export type BlockVersion = (typeof BLOCK_VERSIONS)[number]

/** @see specs/protocol/rollup-node-p2p.md#topic-configuration */
export function blocksTopic(l2ChainId: bigint, version: BlockVersion): string {
  return `/optimism/${l2ChainId}/${version}/blocks`
}

/** The topic version of a block with this timestamp. */
export function blockVersionAt(config: Pick<RollupConfig, 'forks'>, timestamp: bigint): BlockVersion {
  if (isForkActive(config, 'isthmus', timestamp)) return 3
  if (isForkActive(config, 'ecotone', timestamp)) return 2
  return isForkActive(config, 'canyon', timestamp) ? 1 : 0
}
