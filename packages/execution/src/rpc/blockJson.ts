import { encodeBlock, type Hash, isDepositTx, txHash } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { StoredReceipt } from '../chain/storedReceipt.ts'
import { decodeTransaction } from '../transition/transaction.ts'
import { transactionJson } from './transactionJson.ts'

/** A header as `eth_getHeaderBy…` and the `newHeads` subscription give it. Quantities are `bigint`. */
export function headerJson(hash: Hash, header: BlockHeader): Record<string, unknown> {
  const { baseFeePerGas, withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot, requestsHash } = header
  return {
    number: header.number,
    hash,
    parentHash: header.parentHash,
    nonce: header.nonce,
    mixHash: header.mixHash,
    sha3Uncles: header.sha3Uncles,
    logsBloom: header.logsBloom,
    stateRoot: header.stateRoot,
    miner: header.miner,
    difficulty: header.difficulty,
    extraData: header.extraData,
    gasLimit: header.gasLimit,
    gasUsed: header.gasUsed,
    timestamp: header.timestamp,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    baseFeePerGas,
    ...(withdrawalsRoot !== undefined && { withdrawalsRoot }),
    ...(blobGasUsed !== undefined && { blobGasUsed }),
    ...(excessBlobGas !== undefined && { excessBlobGas }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    ...(requestsHash !== undefined && { requestsHash }),
  }
}

/** Length of the block's RLP, as `size` gives it. */
function blockSize({ header, transactions }: StoredBlock): bigint {
  return BigInt(encodeBlock({ header, transactions }).length)
}

/**
 * A block as `eth_getBlockBy…` gives it.
 *
 * @param receipts - needed with full transactions: a deposit's nonce stands in its receipt
 */
export function blockJson(
  block: StoredBlock,
  options: { readonly full: boolean; readonly receipts: readonly StoredReceipt[] },
): Record<string, unknown> {
  const { hash, header, transactions } = block
  return {
    ...headerJson(hash, header),
    size: blockSize(block),
    uncles: [],
    ...(header.withdrawalsRoot !== undefined && { withdrawals: [] }),
    transactions: options.full
      ? transactions.map((bytes, index) =>
          transactionJson(decodeTransaction(bytes), {
            blockHash: hash,
            header,
            index,
            ...(isDepositTx(bytes) && options.receipts[index] && { receipt: options.receipts[index] }),
          }),
        )
      : transactions.map(txHash),
  }
}
