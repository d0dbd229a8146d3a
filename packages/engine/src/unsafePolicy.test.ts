import { type L2BlockRef, ZERO_L2_BLOCK_REF } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { judgeUnsafePayload } from './unsafePolicy.ts'

const hash = (number: bigint, fork = 0) => `0x${fork}${number.toString(16).padStart(63, '0')}` as const
const ref = (number: bigint): L2BlockRef => ({ ...ZERO_L2_BLOCK_REF, number, hash: hash(number) })
const heads = { unsafe: ref(10n), pendingSafe: ref(7n), safe: ref(7n), finalized: ref(5n) }
const judge = (blockNumber: bigint, fork = 0, parentFork = fork) =>
  judgeUnsafePayload(
    { blockNumber, blockHash: hash(blockNumber, fork), parentHash: hash(blockNumber - 1n, parentFork) },
    heads,
  )

describe('what becomes of a gossiped block', () => {
  it('[P2P-083] a block on the unsafe head is applied ahead of L1', () => {
    expect(judge(11n)).toEqual({ action: 'process' })
  })

  it('[P2P-084] the first block of a height wins: another one at or below the unsafe head is dropped', () => {
    expect(judge(10n, 1, 0)).toEqual({ action: 'drop', reason: 'notAboveUnsafe' })
    expect(judge(8n, 1)).toEqual({ action: 'drop', reason: 'notAboveUnsafe' })
    expect(judge(11n, 1)).toEqual({ action: 'drop', reason: 'otherParent' })
  })

  it('[P2P-084] what L1 has decided is not touched', () => {
    expect(judge(7n, 1)).toEqual({ action: 'drop', reason: 'notAboveSafe' })
    expect(judge(3n)).toEqual({ action: 'drop', reason: 'notAboveSafe' })
  })

  it('waits where blocks are missing below, and knows the head again', () => {
    expect(judge(13n)).toEqual({ action: 'wait' })
    expect(judge(10n)).toEqual({ action: 'drop', reason: 'alreadyHead' })
  })
})
