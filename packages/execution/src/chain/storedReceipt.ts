import { type Address, addToBloom, bytesToHex, encodeRlp, type Hash, RlpReader } from '@keelson/protocol'
import type { Receipt, ReceiptLog, TransactionType, TxOutcome } from '../transition/types.ts'

/** A receipt as the store keeps it: the consensus part, and what RPC shows besides. */
export type StoredReceipt = Receipt & {
  readonly gasUsed: bigint
  readonly effectiveGasPrice: bigint
  readonly l1Fee: bigint
  readonly operatorFee: bigint
  readonly daFootprint: bigint
  readonly contractAddress: Address | null
}

/** The part of an outcome that is stored. */
export function storedReceiptOf(outcome: TxOutcome): StoredReceipt {
  const { receipt, gasUsed, effectiveGasPrice, l1Fee, operatorFee, daFootprint, contractAddress } = outcome
  return { ...receipt, gasUsed, effectiveGasPrice, l1Fee, operatorFee, daFootprint, contractAddress }
}

/** RLP of a block's receipts. Blooms are left out: they follow from the logs. */
export function encodeStoredReceipts(receipts: readonly StoredReceipt[]): Uint8Array {
  return encodeRlp(
    receipts.map((receipt) => [
      receipt.type,
      receipt.status,
      receipt.cumulativeGasUsed,
      receipt.gasUsed,
      receipt.effectiveGasPrice,
      receipt.l1Fee,
      receipt.operatorFee,
      receipt.daFootprint,
      receipt.contractAddress ?? '0x',
      receipt.logs.map(({ address, topics, data }) => [address, topics, data]),
      ...(receipt.depositNonce === undefined ? [] : [receipt.depositNonce]),
      ...(receipt.depositReceiptVersion === undefined ? [] : [receipt.depositReceiptVersion]),
    ]),
  )
}

function readLog(log: RlpReader): ReceiptLog {
  const address = bytesToHex(log.fixed(20))
  const list = log.list()
  const topics: Hash[] = []
  while (!list.done) topics.push(bytesToHex(list.fixed(32)))
  return { address, topics, data: log.string() }
}

/** The bloom of some logs: 256 bytes. */
export function logsBloom(logs: readonly ReceiptLog[]): Uint8Array {
  const bloom = new Uint8Array(256)
  for (const { address, topics } of logs) {
    addToBloom(bloom, address)
    for (const topic of topics) addToBloom(bloom, topic)
  }
  return bloom
}

/** @throws {CodecError} when the bytes are not what {@link encodeStoredReceipts} wrote */
export function decodeStoredReceipts(rlp: Uint8Array): StoredReceipt[] {
  const list = new RlpReader(rlp).list()
  const receipts: StoredReceipt[] = []
  while (!list.done) {
    const fields = list.list()
    const type = Number(fields.quantity()) as TransactionType
    const status = fields.quantity() === 1n ? 1 : 0
    const numbers = {
      cumulativeGasUsed: fields.uint64(),
      gasUsed: fields.uint64(),
      effectiveGasPrice: fields.quantity(),
      l1Fee: fields.quantity(),
      operatorFee: fields.quantity(),
      daFootprint: fields.quantity(),
    }
    const contract = fields.string()
    const logList = fields.list()
    const logs: ReceiptLog[] = []
    while (!logList.done) logs.push(readLog(logList.list()))
    receipts.push({
      type,
      status,
      ...numbers,
      contractAddress: contract.length === 0 ? null : bytesToHex(contract),
      logs,
      logsBloom: logsBloom(logs),
      ...(!fields.done && { depositNonce: fields.uint64() }),
      ...(!fields.done && fields.quantity() === 1n && { depositReceiptVersion: 1n }),
    })
  }
  return receipts
}
