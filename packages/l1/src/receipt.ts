import {
  bytesToHex,
  CodecError,
  encodeRlp,
  type Hash,
  hexToBytes,
  type L1Receipt,
  orderedTrieRoot,
  type RlpInput,
  RlpReader,
  TX_TYPE,
} from '@keelson/protocol'
import { L1Error } from './errors.ts'
import type { RpcReceipt } from './rpcTypes.ts'

/** The consensus encoding of a receipt: what `receiptsRoot` commits to. Types without a rule of their own are encoded alike. */
export function encodeRpcReceipt(receipt: RpcReceipt): Uint8Array {
  const type = Number(receipt.type ?? '0x0')
  const fields: RlpInput[] = [
    receipt.status === undefined || receipt.status === null ? hexToBytes(receipt.root ?? '0x') : BigInt(receipt.status),
    BigInt(receipt.cumulativeGasUsed),
    hexToBytes(receipt.logsBloom),
    receipt.logs.map((log) => [hexToBytes(log.address), log.topics.map(hexToBytes), hexToBytes(log.data)]),
  ]
  // A deposit's nonce is hashed together with a version only (Canyon); before, it is told but not committed to.
  if (type === TX_TYPE.deposit && receipt.depositReceiptVersion) {
    fields.push(BigInt(receipt.depositNonce ?? 0), BigInt(receipt.depositReceiptVersion))
  }
  return type === TX_TYPE.legacy ? encodeRlp(fields) : encodeRlp(fields, type)
}

/** What derivation reads of a receipt from JSON-RPC. */
export function receiptOf(receipt: RpcReceipt): L1Receipt {
  return {
    status: receipt.status !== undefined && receipt.status !== null && BigInt(receipt.status) === 1n,
    logs: receipt.logs.map((log) => ({
      address: log.address.toLowerCase() as L1Receipt['logs'][number]['address'],
      topics: log.topics.map((topic) => topic.toLowerCase() as Hash),
      data: log.data,
    })),
  }
}

/**
 * Reads a receipt's consensus encoding.
 *
 * @throws {CodecError} `badRlp`, `truncated`, `wrongLength`
 */
export function decodeReceipt(bytes: Uint8Array): L1Receipt {
  const typed = bytes.length > 0 && (bytes[0] as number) < 0xc0
  const list = new RlpReader(typed ? bytes.subarray(1) : bytes).list()
  const status = list.string()
  list.raw()
  list.raw()
  const logs: L1Receipt['logs'][number][] = []
  const logReader = list.list()
  while (!logReader.done) {
    const log = logReader.list()
    const address = bytesToHex(log.fixed(20, 'log address'))
    const topicReader = log.list()
    const topics: Hash[] = []
    while (!topicReader.done) topics.push(bytesToHex(topicReader.fixed(32, 'log topic')))
    logs.push({ address, topics, data: bytesToHex(log.string()) })
  }
  return { status: status.length === 1 && status[0] === 1, logs }
}

/** A receipt of no consequence: one whose logs cannot be read. */
const UNREADABLE: L1Receipt = { status: false, logs: [] }

/**
 * Reads a receipt of a block whose receipts root is checked. Of a transaction type that is not known (0x05 to 0x7d) it
 * is read like the others; where that fails, its logs do not count, so that derivation outlives new types.
 *
 * @throws {CodecError} as {@link decodeReceipt}, for the types that are known
 * @see specs/protocol/derivation.md#on-future-proof-transaction-log-derivation
 */
export function decodeBlockReceipt(bytes: Uint8Array): L1Receipt {
  const type = bytes[0] ?? 0
  if (type <= TX_TYPE.setCode || type >= TX_TYPE.deposit) return decodeReceipt(bytes)
  try {
    return decodeReceipt(bytes)
  } catch (error) {
    if (error instanceof CodecError) return UNREADABLE
    throw error
  }
}

/**
 * Checks receipts against the header's root.
 *
 * @throws {L1Error} `badBlock`
 */
export function verifyReceipts(
  block: { readonly hash: Hash; readonly receiptsRoot: Hash },
  encoded: readonly Uint8Array[],
): void {
  const root = orderedTrieRoot(encoded)
  if (root === block.receiptsRoot) return
  const reason = `their root is ${root}, the header has ${block.receiptsRoot}`
  throw new L1Error('badBlock', { hash: block.hash, list: 'receipts', reason })
}
