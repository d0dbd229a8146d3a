import { bytesToHex } from '../bytes.ts'
import type { Hex } from '../primitives.ts'
import { ChannelError } from './channelError.ts'
import { type Bitlist, ColumnReader, countBits } from './columns.ts'
import { MAX_SPAN_BATCH_ELEMENT_COUNT, SPAN_BATCH_TYPE } from './constants.ts'

/**
 * The transactions of a span batch, column by column, as they stand in it. `bytes` is what the offsets point into;
 * 64-bit columns are split into low and high words.
 */
export type SpanBatchTxs = {
  readonly count: number
  readonly bytes: Uint8Array
  readonly contractCreationBits: Bitlist
  readonly yParityBits: Bitlist
  /** r ‖ s, 64 bytes for each transaction. */
  readonly signatures: Uint8Array
  /** 20 bytes for each transaction that is no contract creation. */
  readonly recipients: Uint8Array
  /** Offset of each transaction's data, type byte and all; one more for the end. */
  readonly dataAt: Uint32Array
  /** 0 for legacy, else the first byte of the data. */
  readonly types: Uint8Array
  readonly nonceLow: Uint32Array
  readonly nonceHigh: Uint32Array
  readonly gasLow: Uint32Array
  readonly gasHigh: Uint32Array
  /** One bit for each legacy transaction. */
  readonly protectedBits: Bitlist
}

/** A span batch as it was written: every bound of the format checked, no transaction looked into. */
export type RawSpanBatch = {
  /** Seconds between the L2 genesis and the first block. */
  readonly relTimestamp: bigint
  /** L1 origin of the last block. */
  readonly l1OriginNumber: bigint
  /** First 20 bytes of the hash of the block before the span. */
  readonly parentCheck: Hex
  /** First 20 bytes of the hash of the last block's L1 origin. */
  readonly l1OriginCheck: Hex
  readonly blockCount: number
  /** Bit i: block i has another L1 origin than the block before it. */
  readonly originBits: Bitlist
  readonly blockTxCounts: Uint32Array
  readonly txs: SpanBatchTxs
  /** Where the batch ends in the bytes given; what follows is ignored. */
  readonly end: number
}

/**
 * Reads `0x01 ‖ prefix ‖ payload`:
 *
 *   rel_timestamp  l1_origin_num  parent_check  l1_origin_check  block_count  origin_bits  block_tx_counts  txs
 *   uvarint        uvarint        20 bytes      20 bytes         uvarint      bitlist      uvarint each
 *
 * Everything is a view of `bytes`. Memory is taken only for what the bytes left could really hold.
 *
 * @throws {ChannelError} `emptyBatch`, `unknownBatchType`, `badSpanBatch`
 * @see specs/protocol/delta/span-batches.md#span-batch-format
 */
export function decodeSpanBatch(bytes: Uint8Array): RawSpanBatch {
  const type = bytes[0]
  if (type === undefined) throw new ChannelError('emptyBatch', { at: 0, rule: 'DER-109' })
  if (type !== SPAN_BATCH_TYPE) throw new ChannelError('unknownBatchType', { at: 0, rule: 'DER-109', type })
  const reader = new ColumnReader(bytes, 1)
  const relTimestamp = reader.uvarintBigint('rel_timestamp')
  const l1OriginNumber = reader.uvarintBigint('l1_origin_num')
  const parentCheck = bytesToHex(reader.take(20, 'DER-118', 'parent_check'))
  const l1OriginCheck = bytesToHex(reader.take(20, 'DER-118', 'l1_origin_check'))
  const start = reader.at
  const blockCount = reader.count(MAX_SPAN_BATCH_ELEMENT_COUNT, 'DER-126', 'block_count')
  if (blockCount === 0) throw reader.fail('DER-126', 'block_count is 0', start)
  const originBits = reader.bits(blockCount, 'origin_bits')
  if (blockCount > reader.left) {
    throw reader.fail('DER-119', `block_tx_counts: ${blockCount} bytes needed, ${reader.left} there`)
  }
  const blockTxCounts = new Uint32Array(blockCount)
  let txCount = 0
  for (let i = 0; i < blockCount; i++) {
    const at = reader.at
    const count = reader.count(MAX_SPAN_BATCH_ELEMENT_COUNT, 'DER-127', 'block_tx_count')
    blockTxCounts[i] = count
    txCount += count
    if (txCount > MAX_SPAN_BATCH_ELEMENT_COUNT) throw reader.fail('DER-127', `${txCount} transactions in all`, at)
  }
  const txs = readTxs(reader, txCount)
  return {
    relTimestamp,
    l1OriginNumber,
    parentCheck,
    l1OriginCheck,
    blockCount,
    originBits,
    blockTxCounts,
    txs,
    end: reader.at,
  }
}

function readTxs(reader: ColumnReader, count: number): SpanBatchTxs {
  const { bytes } = reader
  const contractCreationBits = reader.bits(count, 'contract_creation_bits')
  const yParityBits = reader.bits(count, 'y_parity_bits')
  const signatures = reader.take(64 * count, 'DER-132', 'tx_sigs')
  const recipients = reader.take(20 * (count - countBits(contractCreationBits)), 'DER-133', 'tx_tos')
  const dataAt = new Uint32Array(count + 1)
  const types = new Uint8Array(count)
  let legacyCount = 0
  for (let i = 0; i < count; i++) {
    const at = reader.at
    dataAt[i] = at
    const first = bytes[at]
    if (first === undefined) throw reader.fail('DER-134', `tx_datas: transaction ${i} is missing`)
    if (first <= 0x7f) {
      types[i] = first
      reader.at = at + 1
    }
    if (types[i] === 0) legacyCount++
    reader.at = skipList(reader, i)
  }
  dataAt[count] = reader.at
  const nonceLow = new Uint32Array(count)
  const nonceHigh = new Uint32Array(count)
  readUvarints(reader, nonceLow, nonceHigh, 'tx_nonce')
  const gasLow = new Uint32Array(count)
  const gasHigh = new Uint32Array(count)
  readUvarints(reader, gasLow, gasHigh, 'tx_gas')
  const protectedBits = reader.bits(legacyCount, 'protected_bits')
  return {
    count,
    bytes,
    contractCreationBits,
    yParityBits,
    signatures,
    recipients,
    dataAt,
    types,
    nonceLow,
    nonceHigh,
    gasLow,
    gasHigh,
    protectedBits,
  }
}

function readUvarints(reader: ColumnReader, low: Uint32Array, high: Uint32Array, what: string): void {
  for (let i = 0; i < low.length; i++) {
    low[i] = reader.uvarint(what)
    high[i] = reader.high
  }
}

/** The offset after the RLP list that begins at the reader; what is in it is not looked at. */
function skipList(reader: ColumnReader, index: number): number {
  const { bytes, at } = reader
  const first = bytes[at]
  const bad = (rule: string, reason: string) => reader.fail(rule, `tx_datas: transaction ${index}: ${reason}`, at)
  if (first === undefined) throw bad('DER-134', 'the list is missing')
  if (first < 0xc0) throw bad('DER-134', 'no RLP list')
  let length = first - 0xc0
  let start = at + 1
  if (length > 55) {
    const size = length - 55
    if (start + size > bytes.length) throw bad('DER-134', 'the length is cut short')
    if (bytes[start] === 0) throw bad('DER-134', 'the length is not in shortest form')
    length = 0
    for (let i = 0; i < size; i++) length = length * 256 + (bytes[start + i] as number)
    if (length < 56) throw bad('DER-134', 'the length is not in shortest form')
    start += size
  }
  const end = start + length
  if (end - at > MAX_SPAN_BATCH_ELEMENT_COUNT) throw bad('DER-141', `${end - at} bytes, at most 10000000`)
  if (end > bytes.length) throw bad('DER-134', `${end - at} bytes needed, ${bytes.length - at} there`)
  return end
}
