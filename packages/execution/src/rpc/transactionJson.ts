import { bytesToHex, type Hash, txHash } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import { effectiveTip } from '../builder/bestTransactions.ts'
import type { StoredReceipt } from '../chain/storedReceipt.ts'
import type { SimulatedTx } from '../transition/simulatedTx.ts'
import type { ExecutionTx } from '../transition/types.ts'

/** Where a mined transaction stands. `receipt` is wanted for deposits. */
export type TxPlace = {
  readonly blockHash: Hash
  readonly header: BlockHeader
  readonly index: number
  readonly receipt?: StoredReceipt
}

/** Price per gas that a transaction pays in a block, in wei. */
export function effectiveGasPrice(tx: ExecutionTx, baseFee: bigint): bigint {
  if (tx.type === 0x7e) return 0n
  return baseFee + (effectiveTip(tx, baseFee) ?? tx.maxFeePerGas - baseFee)
}

/**
 * A transaction as op-geth gives it, quantities as `bigint`.
 *
 * @param place - left out for one that waits in the pool
 */
export function transactionJson(tx: ExecutionTx, place: TxPlace | null): Record<string, unknown> {
  const common = {
    blockHash: place?.blockHash ?? null,
    blockNumber: place?.header.number ?? null,
    transactionIndex: place ? BigInt(place.index) : null,
    from: tx.sender,
    gas: tx.gasLimit,
    hash: tx.hash,
    input: bytesToHex(tx.data),
    to: tx.to,
    value: tx.value,
    type: BigInt(tx.type),
  }
  if (tx.deposit) {
    const { sourceHash, mint, isSystemTx } = tx.deposit
    const { depositNonce, depositReceiptVersion } = place?.receipt ?? {}
    return {
      ...common,
      nonce: depositNonce ?? 0n,
      gasPrice: 0n,
      sourceHash,
      mint,
      ...(isSystemTx && { isSystemTx }),
      ...(depositReceiptVersion !== undefined && { depositReceiptVersion }),
      v: 0n,
      r: 0n,
      s: 0n,
    }
  }
  const { v = 0n, r = 0n, s = 0n } = tx.signature ?? {}
  return {
    ...common,
    nonce: tx.nonce,
    gasPrice: place && tx.type >= 2 ? effectiveGasPrice(tx, place.header.baseFeePerGas) : tx.maxFeePerGas,
    ...(tx.type >= 2 && { maxFeePerGas: tx.maxFeePerGas, maxPriorityFeePerGas: tx.maxPriorityFeePerGas }),
    ...(tx.type >= 1 && { accessList: tx.accessList }),
    ...(tx.type === 4 && {
      authorizationList: tx.authorizations.map(({ authority: _, ...authorization }) => authorization),
    }),
    ...(tx.chainId !== undefined && { chainId: tx.chainId }),
    v,
    r,
    s,
    ...(tx.type >= 1 && { yParity: v }),
  }
}

/** A call of a simulated block as the unsigned transaction that it stands for. */
export function simulatedTransactionJson(
  tx: SimulatedTx,
  { blockHash, header, index }: TxPlace,
): Record<string, unknown> {
  const { type, from, nonce, gas, maxFeePerGas, maxPriorityFeePerGas, call } = tx
  const { to = null, value = 0n, data = new Uint8Array(0), accessList = [], authorizations = [] } = call
  const tip = maxFeePerGas - header.baseFeePerGas
  return {
    blockHash,
    blockNumber: header.number,
    transactionIndex: BigInt(index),
    from,
    gas,
    gasPrice: type === 0 || tip < maxPriorityFeePerGas ? maxFeePerGas : header.baseFeePerGas + maxPriorityFeePerGas,
    hash: txHash(tx.bytes),
    input: bytesToHex(data),
    nonce,
    to,
    value,
    type: BigInt(type),
    ...(type !== 0 && { maxFeePerGas, maxPriorityFeePerGas, accessList, yParity: 0n }),
    ...(type === 4 && {
      authorizationList: authorizations.map(({ authority: _, ...authorization }) => authorization),
    }),
    v: 0n,
    r: 0n,
    s: 0n,
  }
}
