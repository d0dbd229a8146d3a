import type { L1BlockRef, PayloadAttributes } from '@keelson/protocol'
import { testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { batchOn, fakeHash, l1Chain, l2Block, nextOf, stageConfig, testContext } from '../../testing/index.ts'
import { ready } from '../stage.ts'
import { attributesQueue } from './attributesQueue.ts'

const [origin] = l1Chain(1) as [L1BlockRef]
const parent = l2Block(5n, origin)
const deposit = Uint8Array.of(0x7e, 1)
const forced: PayloadAttributes = {
  timestamp: 1_012n,
  prevRandao: fakeHash('randao'),
  suggestedFeeRecipient: '0x4200000000000000000000000000000000000011',
  transactions: [deposit],
  noTxPool: false,
  gasLimit: 30_000_000n,
}

/** Asks for the attributes of the block after `parent`, where this batch was accepted. */
function attributesOf(batch: ReturnType<typeof batchOn>) {
  const ctx = testContext(stageConfig('granite'), origin)
  const builder = { buildAttributes: async () => forced }
  return nextOf(() => attributesQueue(ctx, async () => ready({ batch, isLastInSpan: true }), builder).pull(parent))
}

describe('attributes queue', () => {
  it('[DER-226] [DER-232] puts the transactions of the batch after the forced ones, and keeps the pool out', async () => {
    const tx = testTx({ chainId: 901n })
    const given = await attributesOf(batchOn(parent, origin, { transactions: [tx] }))
    expect(given?.attributes).toEqual({ ...forced, noTxPool: true, transactions: [deposit, tx] })
    expect(given).toMatchObject({ parent, derivedFrom: origin, isLastInSpan: true })
  })

  it.each([
    ['of another parent', batchOn(parent, origin, { parentHash: fakeHash('other') })],
    ['of a later time', batchOn(parent, origin, { timestamp: 1_014n })],
    ['of an earlier time', batchOn(parent, origin, { timestamp: 1_010n })],
  ])('takes an accepted batch %s for a reset', async (_, batch) => {
    await expect(attributesOf(batch)).rejects.toMatchObject({ severity: 'reset', fault: { code: 'batchNotNext' } })
  })
})
