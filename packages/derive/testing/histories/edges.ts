import {
  type Address,
  encodeBatcherTx,
  encodeDepositTx,
  isForkActive,
  type RollupConfig,
  type SingularBatch,
} from '@keelson/protocol'
import { testChannelId } from '@keelson/protocol/testing'
import { fakeHash } from '../memoryL1.ts'
import { pureAttributes, pureBlock } from '../pureAttributes.ts'
import type { PureL1Block } from '../pureReader.ts'
import { sequencedTx } from './accounts.ts'
import type { Known } from './batcher.ts'
import type { Post } from './script.ts'

/** L1 blocks that a channel opened now may stay open, as far as the newest L1 block tells. */
export function timeoutAfter(config: RollupConfig, blocks: readonly PureL1Block[]): bigint {
  const time = blocks.at(-1)?.info.timestamp ?? 0n
  return isForkActive(config, 'granite', time) ? 50n : config.channelTimeout
}

/** Blocks after this many cost too much. */
const LONGEST_DRIFT = 1_000

/**
 * Blocks that stay with the safe head's L1 origin up to its drift: the last one is just within it, or one or two blocks
 * beyond, with a transaction or without.
 */
export function driftBatches(
  config: RollupConfig,
  { variant }: Post,
  { blocks, unsafe, safe }: Known,
): SingularBatch[] {
  const origin = blocks.find(({ info }) => info.hash === safe.l1Origin.hash)
  let parent = unsafe.find(({ ref }) => ref.hash === safe.hash)
  if (!origin || !parent) return []
  const drift = isForkActive(config, 'fjord', origin.info.timestamp) ? 1_800n : config.maxSequencerDrift
  const within = (origin.info.timestamp + drift - safe.timestamp) / config.blockTime
  const count = Number(within) + (variant % 3)
  if (within < 0n || count > LONGEST_DRIFT) return []
  const batches: SingularBatch[] = []
  for (let i = 1; i <= count; i++) {
    const { hash: parentHash, timestamp: parentTime } = parent.ref
    const { hash: epochHash, number: epochNumber } = origin.info
    const timestamp = parentTime + config.blockTime
    const transactions = i === count && variant % 8 < 4 ? [sequencedTx(variant, 2)] : []
    const batch: SingularBatch = { parentHash, epochNumber, epochHash, timestamp, transactions }
    batches.push(batch)
    parent = pureBlock(config, parent, pureAttributes(config, parent, origin.info, origin.receipts, batch), batch)
  }
  return batches
}

/** Blocks before and after the safe head; of those before, one may differ from the safe chain. */
export function overlapBatches({ blocks, variant }: Post, { unsafe, safe }: Known): SingularBatch[] {
  const first = Number(safe.number) - (variant % 5)
  if (first < 1) return []
  const chosen = unsafe.slice(first, Number(safe.number) + 1 + blocks)
  const batches = chosen.map(({ ref, sequenced }): SingularBatch => {
    const { parentHash, timestamp, l1Origin } = ref
    return { parentHash, timestamp, epochNumber: l1Origin.number, epochHash: l1Origin.hash, transactions: sequenced }
  })
  const at = variant % ((variant % 5) + 1)
  const target = batches[at]
  const before = batches[at - 1]
  if (!target) return batches
  const change = (fields: Partial<SingularBatch>) => batches.with(at, { ...target, ...fields })
  switch ((variant >> 5) % 4) {
    case 0:
      return batches
    case 1:
      return change({ transactions: [...target.transactions, sequencedTx(variant, 2)] })
    case 2:
      return change({ transactions: target.transactions.length > 0 ? [] : [sequencedTx(variant, 1)] })
    default:
      // The L1 origin moves one block later than in the safe chain, where it moves.
      return before ? change({ epochNumber: before.epochNumber, epochHash: before.epochHash }) : batches
  }
}

const floods = new Map<string, Uint8Array>()

/**
 * A transaction with so many channels of 1,000,000 bytes each: 100 of them fill the channel bank as it was before Fjord
 * to the last byte, so that whatever else is open falls out of it.
 */
export function floodTx(channels: number, from: Address, to: Address): Uint8Array {
  const key = `${channels} ${from}`
  const known = floods.get(key)
  if (known) return known
  const zeros = new Uint8Array(999_800)
  const frames = Array.from({ length: channels }, (_, i) => {
    return { channelId: testChannelId(0xf0_00 + i), number: 0, data: zeros, isLast: false }
  })
  const data = encodeBatcherTx(frames)
  const tx = encodeDepositTx({
    sourceHash: fakeHash('L1'),
    from,
    to,
    mint: 0n,
    value: 0n,
    gas: 0n,
    isSystemTx: false,
    data,
  })
  floods.set(key, tx)
  return tx
}
