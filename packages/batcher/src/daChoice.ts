import { BLOB_SIZE, MAX_BLOB_DATA_SIZE } from '@keelson/protocol'
import type { DaKind } from './channelQueue.ts'

/** Gas of a compressed byte as calldata since EIP-7623: the floor price, all bytes counted as non-zero. */
const GAS_PER_CALLDATA_BYTE = 40n
const TX_GAS = 21_000n

/**
 * Which kind of L1 data is cheaper for full transactions at today's prices.
 *
 * @param frames - blobs of a blob transaction
 * @param calldataBytes - size of a calldata transaction
 */
export function cheaperKind(
  market: { readonly baseFee: bigint; readonly tip: bigint; readonly blobBaseFee: bigint },
  frames: number,
  calldataBytes: number,
): DaKind {
  const gasPrice = market.baseFee + market.tip
  const blobCount = BigInt(frames)
  const blobCost = TX_GAS * gasPrice + blobCount * BigInt(BLOB_SIZE) * market.blobBaseFee
  const calldataCost = (TX_GAS + BigInt(calldataBytes) * GAS_PER_CALLDATA_BYTE) * gasPrice
  // Costs per byte, multiplied out.
  return blobCost * BigInt(calldataBytes) <= calldataCost * blobCount * BigInt(MAX_BLOB_DATA_SIZE)
    ? 'blobs'
    : 'calldata'
}
