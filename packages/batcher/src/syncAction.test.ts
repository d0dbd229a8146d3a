import { type L2BlockRef, type SyncStatus, ZERO_L1_BLOCK_REF, ZERO_L2_BLOCK_REF } from '@keelson/protocol'
import { forksUpTo, testHash, testRollupConfig } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { DEFAULT_CHANNEL_POLICY } from './batcher.ts'
import { ChannelQueue } from './channelQueue.ts'
import { syncAction } from './syncAction.ts'

const ref = (number: number, fork = 0): L2BlockRef => ({
  ...ZERO_L2_BLOCK_REF,
  number: BigInt(number),
  hash: testHash(number + fork * 64),
  parentHash: testHash(number - 1 + fork * 64),
})
const l1 = (number: number) => ({ ...ZERO_L1_BLOCK_REF, number: BigInt(number), hash: testHash(number) })

function status(safe: L2BlockRef, unsafe: L2BlockRef, currentL1 = 10): SyncStatus {
  return {
    ...{ currentL1: l1(currentL1), currentL1Finalized: l1(1), headL1: l1(20), safeL1: l1(5), finalizedL1: l1(1) },
    ...{
      unsafeL2: unsafe,
      crossUnsafeL2: unsafe,
      safeL2: safe,
      localSafeL2: safe,
      pendingSafeL2: safe,
      finalizedL2: ref(0),
    },
  }
}

function queueOf(from: number, to: number): ChannelQueue {
  const config = testRollupConfig({ forks: forksUpTo('holocene') })
  const queue = new ChannelQueue({
    config,
    policy: DEFAULT_CHANNEL_POLICY,
    randomBytes: (length) => new Uint8Array(length),
  })
  for (let n = from; n <= to; n++) {
    const { hash, parentHash, number } = ref(n)
    const timestamp = config.genesis.l2Time + number * config.blockTime
    const batch = { parentHash, epochNumber: 1n, epochHash: testHash(1), timestamp, transactions: [] }
    queue.addBlock({ ref: { ...ref(n), hash, number, timestamp }, batch, originTime: timestamp, daBytes: 70 })
  }
  return queue
}

describe('syncAction', () => {
  it('[BAT-002] loads from behind the safe head when nothing is held', () => {
    expect(syncAction(status(ref(4), ref(9)), queueOf(1, 0))).toMatchObject({ type: 'load', from: 5n, to: 9n })
  })

  it('[BAT-003] loads only what it does not hold yet', () => {
    expect(syncAction(status(ref(4), ref(9)), queueOf(5, 7))).toMatchObject({ type: 'load', from: 8n, to: 9n })
    expect(syncAction(status(ref(6), ref(9)), queueOf(5, 7))).toMatchObject({ type: 'load', from: 8n, to: 9n })
  })

  it('waits for a node that knows no L1 yet, or is in the middle of a reset', () => {
    expect(syncAction({ ...status(ref(4), ref(9)), headL1: ZERO_L1_BLOCK_REF }, queueOf(1, 0)).type).toBe('wait')
    expect(syncAction(status(ref(9), ref(4)), queueOf(1, 0)).type).toBe('wait')
  })

  it('[BAT-031] begins again when the safe head falls back behind what is held', () => {
    expect(syncAction(status(ref(2), ref(9)), queueOf(5, 7))).toMatchObject({ type: 'restart', safe: { number: 2n } })
  })

  it('[BAT-030] begins again when a safe block is not the one that is held: a deposits-only replacement, say', () => {
    expect(syncAction(status(ref(5, 1), ref(9, 1)), queueOf(5, 7))).toMatchObject({ type: 'restart' })
    // The replaced block lies right before those held.
    expect(syncAction(status(ref(4, 1), ref(9, 1)), queueOf(5, 7))).toMatchObject({ type: 'restart' })
  })

  it('begins again when the safe head is ahead of what is held, or the unsafe head behind it', () => {
    expect(syncAction(status(ref(8), ref(9)), queueOf(5, 7))).toMatchObject({ type: 'restart' })
    expect(syncAction(status(ref(4), ref(6)), queueOf(5, 7))).toMatchObject({ type: 'restart' })
  })

  it('[BAT-029] begins again when a channel that derivation has passed did not become safe', () => {
    const queue = queueOf(5, 7)
    queue.build(l1(10), () => 'calldata', true)
    queue.confirmed(queue.nextTx()?.id ?? -1, { number: 11n, timestamp: 1_000_000n })
    expect(syncAction(status(ref(4), ref(9), 11), queue).type).toBe('load')
    expect(syncAction(status(ref(4), ref(9), 12), queue)).toMatchObject({ type: 'restart' })
  })
})
