import { type BlockId, isForkActive, type L2BlockRef, type RollupConfig } from '@keelson/protocol'
import type { PureL2Block } from './pureAttributes.ts'

/**
 * Where a node begins again after an L1 reorg, as the rules say it: the last safe block that the L1 chain up to the
 * highest canonical origin must already have explained.
 *
 * @param chain - from the L2 genesis block to the unsafe head; genesis is the finalized head
 * @see specs/protocol/derivation.md#finding-the-sync-starting-point
 */
export function pureSyncStart(
  config: RollupConfig,
  chain: readonly PureL2Block[],
  safeHead: L2BlockRef,
  isCanonical: (origin: BlockId) => boolean,
): L2BlockRef {
  const refs = chain.map(({ ref }) => ref)
  const highest = refs.findLast(({ l1Origin }) => isCanonical(l1Origin))
  const epochStart = refs.findLast(
    ({ number, sequenceNumber, l1Origin }) =>
      highest !== undefined &&
      number <= safeHead.number &&
      sequenceNumber === 0n &&
      l1Origin.number + config.seqWindowSize < highest.l1Origin.number,
  )
  const start = refs.find(({ hash }) => hash === epochStart?.parentHash)
  return start ?? (refs[0] as L2BlockRef)
}

/**
 * The block from whose L1 origin on L1 is read to derive what follows `safeHead`.
 *
 * @param originTime - timestamp of the L1 origin of a block
 */
export function pureResetBase(
  { genesis, channelTimeout, forks }: RollupConfig,
  chain: readonly PureL2Block[],
  safeHead: L2BlockRef,
  originTime: (origin: BlockId) => bigint,
): PureL2Block {
  const base = chain.findLast(({ ref: { number, l1Origin } }) => {
    if (number > safeHead.number) return false
    if (number <= genesis.l2.number || l1Origin.number <= genesis.l1.number) return true
    const timeout = isForkActive({ forks }, 'granite', originTime(l1Origin)) ? 50n : channelTimeout
    return l1Origin.number + timeout <= safeHead.l1Origin.number
  })
  if (!base) throw new Error('no block to go back to')
  return base
}
