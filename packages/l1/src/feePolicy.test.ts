import type { RpcClient } from '@keelson/service'
import { describe, expect, it } from 'vitest'
import { scriptedRpc } from '../testing/scriptedRpc.ts'
import { createFeePolicy } from './feePolicy.ts'

const GWEI = 1_000_000_000n
const rpcOf = (baseFee: bigint, tip: bigint, blob: bigint): RpcClient =>
  scriptedRpc({
    eth_getBlockByNumber: () => ({ baseFeePerGas: `0x${baseFee.toString(16)}`, timestamp: '0x10' }),
    eth_maxPriorityFeePerGas: () => `0x${tip.toString(16)}`,
    eth_blobBaseFee: () => `0x${blob.toString(16)}`,
  })

describe('createFeePolicy', () => {
  it('offers the tip on top of twice the base fee, and blobs at twice their price', async () => {
    const fees = createFeePolicy(rpcOf(30n * GWEI, 2n * GWEI, 5n * GWEI))
    const market = await fees.market()
    expect(fees.offer(market)).toEqual({ tip: 2n * GWEI, feeCap: 62n * GWEI, blobFeeCap: 10n * GWEI })
  })

  it('keeps to the lowest and highest prices that it was given', async () => {
    const low = createFeePolicy(rpcOf(1n, 0n, 1n))
    expect(low.offer(await low.market())).toEqual({ tip: GWEI, feeCap: 3n * GWEI, blobFeeCap: GWEI })
    const high = createFeePolicy(rpcOf(500n * GWEI, 50n * GWEI, 1n), { maxTipCap: 3n * GWEI, maxBaseFee: 100n * GWEI })
    expect(high.offer(await high.market())).toMatchObject({ tip: 3n * GWEI, feeCap: 203n * GWEI })
  })

  it('raises by a tenth, by twice with blobs, and to the price of the day when that is more', async () => {
    const fees = createFeePolicy(rpcOf(10n * GWEI, GWEI, GWEI))
    const market = await fees.market()
    const old = fees.offer(market)
    expect(fees.bump(old, market, false)).toEqual({
      tip: 1_100_000_000n,
      feeCap: 23_100_000_000n,
      blobFeeCap: 2_200_000_000n,
    })
    expect(fees.bump(old, market, true)).toEqual({ tip: 2n * GWEI, feeCap: 42n * GWEI, blobFeeCap: 4n * GWEI })
    const dearer = { ...market, baseFee: 100n * GWEI }
    expect(fees.bump(old, dearer, false).feeCap).toBe(201n * GWEI)
  })

  it('does not go past the limit, except below the threshold', async () => {
    const fees = createFeePolicy(rpcOf(10n * GWEI, GWEI, GWEI), { feeLimitThreshold: 50n * GWEI })
    const market = await fees.market()
    let offered = fees.offer(market)
    const raise = () => {
      for (let i = 0; i < 50; i++) offered = fees.bump(offered, market, false)
    }
    expect(raise).toThrow('exceeds the limit')
    expect(offered.feeCap).toBeLessThanOrEqual(5n * 21n * GWEI)
  })
})
