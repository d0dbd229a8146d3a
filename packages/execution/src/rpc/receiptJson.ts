import { bytesToHex, type Hash, isForkActive } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { Chain } from '../chain/chain.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { StoredReceipt } from '../chain/storedReceipt.ts'
import { type L1FeeParams, l1GasUsed, readL1FeeParams } from '../fees/l1Cost.ts'
import { L1_BLOCK } from '../transition/constants.ts'
import { decodeTransaction } from '../transition/transaction.ts'
import type { ExecutionTx, ReceiptLog } from '../transition/types.ts'

export type LogPlace = {
  readonly blockHash: Hash
  readonly header: BlockHeader
  readonly transactionHash: Hash
  readonly transactionIndex: number
  /** Counted over the whole block. */
  readonly logIndex: number
  readonly removed?: boolean
}

/** A log as `eth_getLogs` gives it. */
export function logJson({ address, topics, data }: ReceiptLog, place: LogPlace): Record<string, unknown> {
  return {
    address,
    topics,
    data: bytesToHex(data),
    blockNumber: place.header.number,
    transactionHash: place.transactionHash,
    transactionIndex: BigInt(place.transactionIndex),
    blockHash: place.blockHash,
    blockTimestamp: place.header.timestamp,
    logIndex: BigInt(place.logIndex),
    removed: place.removed ?? false,
  }
}

/** A decimal of a scalar in millionths, as Go prints it: `0.684`, `1`. */
function decimalOfMillionths(value: bigint): string {
  const fraction = (value % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '')
  return fraction === '' ? `${value / 1_000_000n}` : `${value / 1_000_000n}.${fraction}`
}

/** What L1's data cost, by the forms of the forks. Not part of consensus. */
function l1Fields(chain: Chain, header: BlockHeader, params: L1FeeParams, tx: ExecutionTx, receipt: StoredReceipt) {
  const { timestamp } = header
  const active = (fork: 'ecotone' | 'isthmus' | 'jovian') => isForkActive(chain.spec, fork, timestamp)
  const { operatorFeeScalar, operatorFeeConstant } = params
  return {
    l1GasPrice: params.l1BaseFee,
    l1GasUsed: l1GasUsed(chain.spec, timestamp, params, tx.bytes),
    l1Fee: receipt.l1Fee,
    ...(active('ecotone')
      ? {
          l1BaseFeeScalar: params.baseFeeScalar,
          l1BlobBaseFee: params.blobBaseFee,
          l1BlobBaseFeeScalar: params.blobBaseFeeScalar,
        }
      : { l1FeeScalar: decimalOfMillionths(params.scalar) }),
    ...(active('isthmus') &&
      (operatorFeeScalar !== 0n || operatorFeeConstant !== 0n) && { operatorFeeScalar, operatorFeeConstant }),
    ...(active('jovian') && { daFootprintGasScalar: params.daFootprintGasScalar, blobGasUsed: receipt.daFootprint }),
  }
}

/** The receipts of a block as op-geth gives them, quantities as `bigint`. */
export function receiptsJson(chain: Chain, block: StoredBlock, only?: number): Record<string, unknown>[] {
  const { hash, header, transactions } = block
  const receipts = chain.store.receipts(hash) ?? []
  const reader = chain.stateOf(header)
  const params = readL1FeeParams((slot) => reader.getStorage(L1_BLOCK, slot))
  const answers: Record<string, unknown>[] = []
  let logIndex = 0
  for (const [index, receipt] of receipts.entries()) {
    const firstLog = logIndex
    logIndex += receipt.logs.length
    const bytes = transactions[index]
    if (!bytes || (only !== undefined && only !== index)) continue
    const tx = decodeTransaction(bytes)
    const { depositNonce, depositReceiptVersion } = receipt
    answers.push({
      blockHash: hash,
      blockNumber: header.number,
      transactionHash: tx.hash,
      transactionIndex: BigInt(index),
      from: tx.sender,
      to: tx.to,
      type: BigInt(tx.type),
      status: BigInt(receipt.status),
      gasUsed: receipt.gasUsed,
      cumulativeGasUsed: receipt.cumulativeGasUsed,
      effectiveGasPrice: receipt.effectiveGasPrice,
      contractAddress: tx.to === null ? receipt.contractAddress : null,
      logsBloom: bytesToHex(receipt.logsBloom),
      logs: receipt.logs.map((log, i) =>
        logJson(log, {
          blockHash: hash,
          header,
          transactionHash: tx.hash,
          transactionIndex: index,
          logIndex: firstLog + i,
        }),
      ),
      ...(tx.type !== 0x7e && l1Fields(chain, header, params, tx, receipt)),
      ...(depositNonce !== undefined && { depositNonce }),
      ...(depositReceiptVersion !== undefined && { depositReceiptVersion }),
    })
  }
  return answers
}
