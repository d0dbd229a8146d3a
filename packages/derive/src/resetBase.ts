import type { L2BlockRef, RollupConfig } from '@keelson/protocol'
import { channelTimeout } from './constants.ts'
import { DerivationError } from './errors.ts'
import type { ResetBase } from './pipeline.ts'
import type { L1Provider, L2Provider } from './providers.ts'

export type ResetBaseParts = {
  readonly config: RollupConfig
  readonly l1: Pick<L1Provider, 'getBlockInfo'>
  readonly l2: Pick<L2Provider, 'getL2BlockRefByHash' | 'getSystemConfigByL2Hash'>
}

/**
 * How far to go back on L1 to derive what follows `safeHead`: to the origin of the first L2 block that is a whole
 * channel timeout behind, since a channel opened there may still have been read at the safe head's origin.
 *
 * @throws {DerivationError} `l2BlockMissing`, `l1BlockMissing` (reset), `systemConfigMissing` (temporary)
 * @see specs/protocol/derivation.md#finding-the-sync-starting-point
 */
export async function findResetBase({ config, l1, l2 }: ResetBaseParts, safeHead: L2BlockRef): Promise<ResetBase> {
  const { genesis } = config
  let block = safeHead
  while (block.number > genesis.l2.number && block.l1Origin.number > genesis.l1.number) {
    const timeout = await timeoutAt(config, l1, block)
    if (block.l1Origin.number + timeout <= safeHead.l1Origin.number) break
    const parent = await l2.getL2BlockRefByHash(block.parentHash)
    if (!parent)
      throw new DerivationError('l2BlockMissing', { block: { hash: block.parentHash, number: block.number - 1n } })
    block = parent
  }
  const info = await l1.getBlockInfo(block.l1Origin.hash)
  if (!info) throw new DerivationError('l1BlockMissing', { block: block.l1Origin, what: 'header' })
  const systemConfig = await l2.getSystemConfigByL2Hash(block.hash)
  if (!systemConfig) throw new DerivationError('systemConfigMissing', { block })
  const { hash, number, parentHash, timestamp } = info
  return { l1Origin: { hash, number, parentHash, timestamp }, systemConfig, l2: safeHead }
}

/** The channel timeout at a block's L1 origin. The L1 block is asked for only near the fork that changed it. */
async function timeoutAt(config: RollupConfig, l1: ResetBaseParts['l1'], block: L2BlockRef): Promise<bigint> {
  // The origin is never younger than the block itself.
  const before = channelTimeout(config, 0n)
  if (channelTimeout(config, block.timestamp) === before) return before
  const info = await l1.getBlockInfo(block.l1Origin.hash)
  if (!info) throw new DerivationError('l1BlockMissing', { block: block.l1Origin, what: 'header' })
  return channelTimeout(config, info.timestamp)
}
