import {
  type Address,
  type Hash,
  isForkActive,
  type L1BlockRef,
  senderOf,
  TX_TYPE,
  tryDecodeTxEnvelope,
  txHash,
  txType,
} from '@keelson/protocol'
import type { RuleId } from '../verdict.ts'
import { report, type StageContext } from './context.ts'

/** Where the batcher put its data: in the calldata of a transaction, or in a blob known by its versioned hash. */
export type BatcherData =
  | { readonly kind: 'calldata'; readonly txIndex: number; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly txIndex: number; readonly index: number; readonly hash: Hash }

const ACCEPTED_TYPES: readonly number[] = [
  TX_TYPE.legacy,
  TX_TYPE.accessList,
  TX_TYPE.dynamicFee,
  TX_TYPE.blob,
  TX_TYPE.deposit,
]

/**
 * Finds the data of the batcher in an L1 block: transactions of a known type, to the batch inbox, from the batcher.
 * Whether the transaction succeeded on L1 plays no part. Senders are recovered only for transactions to the inbox.
 *
 * @see specs/protocol/derivation.md#l1-retrieval
 * @see specs/protocol/ecotone/derivation.md#ecotone-blob-retrieval
 */
export function findBatcherData(
  ctx: StageContext,
  block: L1BlockRef,
  transactions: readonly Uint8Array[],
  batcher: Address,
): BatcherData[] {
  const hasBlobs = isForkActive(ctx.config, 'ecotone', block.timestamp)
  const inbox = ctx.config.batchInboxAddress.toLowerCase()
  const batcherAddress = batcher.toLowerCase()
  const found: BatcherData[] = []
  // Counts the blobs of all transactions: a blob's index is its place in the L1 block.
  let blobIndex = 0
  for (const [txIndex, bytes] of transactions.entries()) {
    const type = txType(bytes)
    if (type === null) continue
    const tx = tryDecodeTxEnvelope(bytes)
    if (!tx) continue
    const firstBlob = blobIndex
    blobIndex += tx.blobVersionedHashes.length
    if (tx.to?.toLowerCase() !== inbox) continue
    let sender: Address | null = null
    const judge = (outcome: 'accepted' | 'dropped', rule: RuleId, reason: string) => {
      const evidence = () => ({ subject: 'transaction' as const, txIndex, txHash: txHash(bytes), txType: type, sender })
      report(ctx, { outcome, rule, reason }, evidence, 'transaction')
    }
    if (!ACCEPTED_TYPES.includes(type)) {
      judge('dropped', 'DER-032', `transactions of type ${type} carry no batcher data`)
      continue
    }
    sender = senderOf(bytes, tx)
    if (sender === null) {
      judge('dropped', 'DER-035', 'the signature gives no sender')
      continue
    }
    if (sender.toLowerCase() !== batcherAddress) {
      judge('dropped', 'DER-030', `sender ${sender} is not the batcher ${batcher}`)
      continue
    }
    if (type === TX_TYPE.blob && hasBlobs) {
      judge('accepted', 'DER-039', `${tx.blobVersionedHashes.length} blobs`)
      for (const [i, hash] of tx.blobVersionedHashes.entries()) {
        found.push({ kind: 'blob', txIndex, index: firstBlob + i, hash })
      }
    } else {
      judge('accepted', 'DER-029', `${tx.input.length} bytes of calldata`)
      found.push({ kind: 'calldata', txIndex, bytes: tx.input })
    }
  }
  return found
}
