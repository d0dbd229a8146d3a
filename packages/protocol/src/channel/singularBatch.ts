import { bytesToHex } from '../bytes.ts'
import { CodecError } from '../codecError.ts'
import type { Hash } from '../primitives.ts'
import { encodeRlp, RlpReader } from '../rlp.ts'
import { ChannelError } from './channelError.ts'
import { SINGULAR_BATCH_TYPE } from './constants.ts'

/** The sequenced part of one L2 block. */
export type SingularBatch = {
  readonly parentHash: Hash
  readonly epochNumber: bigint
  readonly epochHash: Hash
  /** Seconds. */
  readonly timestamp: bigint
  /** EIP-2718 encodings, without deposits. */
  readonly transactions: readonly Uint8Array[]
}

/**
 * Reads `0x00 ‖ RLP([parent_hash, epoch_number, epoch_hash, timestamp, transactions])`. Transactions are views of
 * `bytes`. What follows the list is ignored, as op-node does.
 *
 * @throws {ChannelError} `emptyBatch`, `unknownBatchType`, `badSingularBatch`
 * @see specs/protocol/derivation.md#batch-format
 */
export function decodeSingularBatch(bytes: Uint8Array): SingularBatch {
  const type = bytes[0]
  if (type === undefined) throw new ChannelError('emptyBatch', { at: 0, rule: 'DER-109' })
  if (type !== SINGULAR_BATCH_TYPE) throw new ChannelError('unknownBatchType', { at: 0, rule: 'DER-109', type })
  const reader = new RlpReader(bytes, 1)
  let fields = reader
  try {
    fields = reader.list()
    const parentHash = bytesToHex(fields.fixed(32, 'parent hash'))
    const epochNumber = fields.uint64()
    const epochHash = bytesToHex(fields.fixed(32, 'epoch hash'))
    const timestamp = fields.uint64()
    const list = fields.list()
    const transactions: Uint8Array[] = []
    while (!list.done) transactions.push(list.string())
    fields.expectEnd('singular batch')
    return { parentHash, epochNumber, epochHash, timestamp, transactions }
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    const rule = cause.fault.code === 'trailingBytes' ? 'DER-114' : 'DER-115'
    throw new ChannelError('badSingularBatch', { at: fields.position, rule, reason: cause.message }, { cause })
  }
}

/** `0x00 ‖ RLP`: the content of one RLP string of a channel. */
export function encodeSingularBatch(batch: SingularBatch): Uint8Array {
  const { parentHash, epochNumber, epochHash, timestamp, transactions } = batch
  return encodeRlp([parentHash, epochNumber, epochHash, timestamp, transactions], SINGULAR_BATCH_TYPE)
}
