import { concatBytes, hexToBytes } from '../bytes.ts'
import { CodecError } from '../codecError.ts'
import { RlpReader, rlpListHeader } from '../rlp.ts'
import { ByteSink } from './byteSink.ts'
import { ChannelError } from './channelError.ts'
import { encodeBits } from './columns.ts'
import { MAX_SPAN_BATCH_ELEMENT_COUNT, SPAN_BATCH_TYPE } from './constants.ts'
import type { SpanBatchChain } from './derivedSpanBatch.ts'
import type { SingularBatch } from './singularBatch.ts'

type Bit = 0 | 1

/** A transaction taken apart into the columns of a span batch. */
type SpanTx = {
  readonly legacy: boolean
  readonly isProtected: Bit
  readonly yParity: Bit
  readonly r: Uint8Array
  readonly s: Uint8Array
  /** Empty: creates a contract. */
  readonly to: Uint8Array
  readonly data: Uint8Array
  readonly nonce: bigint
  readonly gas: bigint
}

/**
 * Takes a transaction apart; its parts are views.
 *
 * @throws {ChannelError} `cannotEncode` for deposits, blob transactions, foreign chain ids, malformed ones
 */
function splitTx(tx: Uint8Array, chainId: bigint): SpanTx {
  const bad = (rule: string, reason: string) => new ChannelError('cannotEncode', { at: 0, rule, reason })
  const first = tx[0]
  if (first === undefined) throw bad('DER-172', 'a transaction of no bytes')
  const type = first > 0x7f ? 0 : first
  if (type !== 0 && type !== 1 && type !== 2 && type !== 4) throw bad('DER-140', `transaction type ${type}`)
  if (type === 0 && first <= 0x7f) throw bad('DER-140', 'transaction type 0 with its type byte')
  try {
    const outer = new RlpReader(tx, type === 0 ? 0 : 1)
    const fields = outer.list()
    outer.expectEnd('transaction')
    if (type !== 0 && fields.quantity() !== chainId) throw bad('BAT-016', 'a transaction of another chain')
    const nonce = fields.uint64()
    const fees = [fields.raw()]
    if (type >= 2) fees.push(fields.raw())
    const gas = fields.uint64()
    const to = fields.string()
    if (to.length !== 20 && (to.length !== 0 || type === 4)) throw bad('DER-133', `a recipient of ${to.length} bytes`)
    const value = fields.raw()
    const tail = [fields.raw()]
    for (let lists = type === 0 ? 0 : type === 4 ? 2 : 1; lists > 0; lists--) {
      if (!fields.atList) throw bad('DER-136', 'a string where a list belongs')
      tail.push(fields.raw())
    }
    const v = fields.quantity()
    const r = fields.string()
    const s = fields.string()
    fields.expectEnd('transaction')
    if (r.length > 32 || s.length > 32) throw bad('DER-132', 'a signature of more than 64 bytes')
    const isProtected = type !== 0 || (v !== 27n && v !== 28n)
    if (type === 0 && isProtected && (v - 35n) >> 1n !== chainId) {
      throw bad('BAT-016', `a transaction of another chain, with v ${v}`)
    }
    if (type !== 0 && v > 1n) throw bad('DER-144', `y parity ${v}`)
    const parity = type === 0 ? (v - (isProtected ? 35n : 27n)) & 1n : v
    const length = [value, ...fees, ...tail].reduce((sum, part) => sum + part.length, 0)
    const head = rlpListHeader(length)
    const typeByte = type === 0 ? tx.subarray(0, 0) : tx.subarray(0, 1)
    return {
      legacy: type === 0,
      isProtected: isProtected ? 1 : 0,
      yParity: parity === 1n ? 1 : 0,
      r,
      s,
      to,
      data: concatBytes(typeByte, head, value, ...fees, ...tail),
      nonce,
      gas,
    }
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new ChannelError('cannotEncode', { at: 0, rule: 'BAT-001', reason: cause.message }, { cause })
  }
}

/**
 * Builds one span batch block by block.
 *
 * Blocks must be consecutive; that a block really builds on the one before is for the caller to know.
 *
 * @see specs/protocol/delta/span-batches.md#span-batch-format
 */
export class SpanBatchBuilder {
  readonly #chain: SpanBatchChain
  #first: SingularBatch | null = null
  #last: SingularBatch | null = null
  readonly #originBits: Bit[] = []
  readonly #creationBits: Bit[] = []
  readonly #yParityBits: Bit[] = []
  readonly #protectedBits: Bit[] = []
  readonly #blockTxCounts = new ByteSink()
  readonly #signatures = new ByteSink()
  readonly #recipients = new ByteSink()
  readonly #datas = new ByteSink()
  readonly #nonces = new ByteSink()
  readonly #gases = new ByteSink()

  #undo: (() => void) | null = null

  constructor(chain: SpanBatchChain) {
    this.#chain = chain
  }

  get blockCount(): number {
    return this.#originBits.length
  }

  get txCount(): number {
    return this.#creationBits.length
  }

  /** An upper bound of the size of {@link encode}, at most 30 bytes above it. */
  get byteLength(): number {
    return (
      1 +
      65 +
      ((this.#originBits.length + 7) >> 3) +
      2 * ((this.#creationBits.length + 7) >> 3) +
      ((this.#protectedBits.length + 7) >> 3) +
      this.#blockTxCounts.length +
      this.#signatures.length +
      this.#recipients.length +
      this.#datas.length +
      this.#nonces.length +
      this.#gases.length
    )
  }

  /**
   * Adds the next block. Nothing is added when it throws.
   *
   * @param sequenceNumber - of the block; 0 says that it has another L1 origin than its parent
   * @throws {ChannelError} `cannotEncode`
   */
  append(batch: SingularBatch, sequenceNumber: bigint): void {
    const last = this.#last
    const bad = (rule: string, reason: string) => new ChannelError('cannotEncode', { at: 0, rule, reason })
    let originBit: Bit = sequenceNumber === 0n ? 1 : 0
    if (last) {
      if (batch.timestamp !== last.timestamp + this.#chain.blockTime) {
        throw bad('BAT-016', `block time ${batch.timestamp} after ${last.timestamp}`)
      }
      const step = batch.epochNumber - last.epochNumber
      if (step !== 0n && step !== 1n) throw bad('BAT-017', `L1 origin ${batch.epochNumber} after ${last.epochNumber}`)
      originBit = step === 1n ? 1 : 0
    } else if (batch.timestamp < this.#chain.genesis.l2Time) {
      throw bad('DER-123', `block time ${batch.timestamp} before the genesis`)
    }
    if (this.blockCount === MAX_SPAN_BATCH_ELEMENT_COUNT) throw bad('BAT-017', 'too many blocks')
    if (this.txCount + batch.transactions.length > MAX_SPAN_BATCH_ELEMENT_COUNT)
      throw bad('BAT-017', 'too many transactions')
    const txs = batch.transactions.map((tx) => splitTx(tx, this.#chain.l2ChainId))
    this.#undo = this.#mark()
    this.#first ??= batch
    this.#last = batch
    this.#originBits.push(originBit)
    this.#blockTxCounts.pushUvarint(BigInt(txs.length))
    for (const tx of txs) this.#appendTx(tx)
  }

  /** Takes the block added last out again; only one, and only right after {@link append}. */
  removeLast(): void {
    this.#undo?.()
    this.#undo = null
  }

  #mark(): () => void {
    const first = this.#first
    const last = this.#last
    const bits = [this.#originBits, this.#creationBits, this.#yParityBits, this.#protectedBits]
    const bitCounts = bits.map((column) => column.length)
    const sinks = [this.#blockTxCounts, this.#signatures, this.#recipients, this.#datas, this.#nonces, this.#gases]
    const lengths = sinks.map((column) => column.length)
    return () => {
      this.#first = first
      this.#last = last
      for (const [i, column] of bits.entries()) column.length = bitCounts[i] as number
      for (const [i, column] of sinks.entries()) column.truncate(lengths[i] as number)
    }
  }

  #appendTx(tx: SpanTx): void {
    this.#creationBits.push(tx.to.length === 0 ? 1 : 0)
    this.#yParityBits.push(tx.yParity)
    if (tx.legacy) this.#protectedBits.push(tx.isProtected)
    for (const word of [tx.r, tx.s]) {
      this.#signatures.push(ZEROS.subarray(word.length))
      this.#signatures.push(word)
    }
    this.#recipients.push(tx.to)
    this.#datas.push(tx.data)
    this.#nonces.pushUvarint(tx.nonce)
    this.#gases.pushUvarint(tx.gas)
  }

  /**
   * `0x01 ‖ prefix ‖ payload`: the content of one RLP string of a channel.
   *
   * @throws {ChannelError} `cannotEncode` while there is no block
   */
  encode(): Uint8Array {
    const first = this.#first
    const last = this.#last
    if (!first || !last) throw new ChannelError('cannotEncode', { at: 0, rule: 'BAT-017', reason: 'no block' })
    const prefix = new ByteSink()
    prefix.pushByte(SPAN_BATCH_TYPE)
    prefix.pushUvarint(first.timestamp - this.#chain.genesis.l2Time)
    prefix.pushUvarint(last.epochNumber)
    prefix.push(hexToBytes(first.parentHash).subarray(0, 20))
    prefix.push(hexToBytes(last.epochHash).subarray(0, 20))
    prefix.pushUvarint(BigInt(this.blockCount))
    return concatBytes(
      prefix.bytes,
      encodeBits(this.#originBits),
      this.#blockTxCounts.bytes,
      encodeBits(this.#creationBits),
      encodeBits(this.#yParityBits),
      this.#signatures.bytes,
      this.#recipients.bytes,
      this.#datas.bytes,
      this.#nonces.bytes,
      this.#gases.bytes,
      encodeBits(this.#protectedBits),
    )
  }
}

const ZEROS = new Uint8Array(32)

/**
 * Consecutive blocks as one span batch, version byte and all.
 *
 * @param firstSequenceNumber - sequence number of the first block; 0 says that it has another L1 origin than its parent
 * @throws {ChannelError} `cannotEncode`
 */
export function encodeSpanBatch(
  blocks: readonly SingularBatch[],
  chain: SpanBatchChain,
  firstSequenceNumber: bigint,
): Uint8Array {
  const builder = new SpanBatchBuilder(chain)
  for (const block of blocks) builder.append(block, firstSequenceNumber)
  return builder.encode()
}
