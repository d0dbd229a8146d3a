import { ChannelError } from './channelError.ts'
import { bitAt } from './columns.ts'
import type { SpanBatchTxs } from './spanBatch.ts'

/**
 * Where the parts of each transaction's data stand: `value`, then the fee fields, then the tail (input data, access
 * list, authorizations). An EIP-2718 encoding has the same parts with the other columns put between them.
 */
export type SpanTxLayout = {
  readonly valueAt: Uint32Array
  readonly feesAt: Uint32Array
  readonly tailAt: Uint32Array
  /** Index into `recipients` of each transaction; that of the next one for contract creations. */
  readonly recipientIndex: Uint32Array
  /** Index into `protectedBits`; of use for legacy transactions only. */
  readonly legacyIndex: Uint32Array
}

/** A walk over RLP that was not checked yet; `at` is -1 once something is wrong. */
class Walk {
  readonly bytes: Uint8Array
  at: number
  /** After {@link open}: where the payload ends. */
  end = 0
  reason = ''

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.at = 0
  }

  wrong(reason: string): false {
    if (this.reason === '') this.reason = reason
    return false
  }

  /** Reads an item's header within `limit`; afterwards `at` is the payload's start and `end` its end. */
  open(limit: number, list: boolean): boolean {
    const { bytes, at } = this
    if (at >= limit) return this.wrong('a field is missing')
    const first = bytes[at] as number
    if (first >= 0xc0 !== list)
      return this.wrong(list ? 'a string where a list belongs' : 'a list where a string belongs')
    if (first < 0x80) {
      this.end = at + 1
      return true
    }
    let length = first - (list ? 0xc0 : 0x80)
    let start = at + 1
    if (length > 55) {
      const size = length - 55
      if (start + size > limit || bytes[start] === 0) return this.wrong('a length is malformed')
      length = 0
      for (let i = 0; i < size; i++) length = length * 256 + (bytes[start + i] as number)
      if (length < 56) return this.wrong('a length is not in shortest form')
      start += size
    } else if (length === 1 && !list && start < limit && (bytes[start] as number) < 0x80) {
      return this.wrong('a byte below 0x80 has a header')
    }
    if (start + length > limit) return this.wrong('a field exceeds the list')
    this.at = start
    this.end = start + length
    return true
  }

  /** Skips a quantity; `maxBytes` 0 means no limit. */
  quantity(limit: number, maxBytes: number): boolean {
    if (!this.open(limit, false)) return false
    if (this.end > this.at && this.bytes[this.at] === 0) return this.wrong('a quantity has a leading zero')
    if (maxBytes > 0 && this.end - this.at > maxBytes) return this.wrong(`a quantity exceeds ${maxBytes} bytes`)
    this.at = this.end
    return true
  }

  string(limit: number): boolean {
    if (!this.open(limit, false)) return false
    this.at = this.end
    return true
  }

  fixed(limit: number, length: number): boolean {
    if (!this.open(limit, false)) return false
    if (this.end - this.at !== length)
      return this.wrong(`a string has ${this.end - this.at} bytes instead of ${length}`)
    this.at = this.end
    return true
  }

  accessList(limit: number): boolean {
    if (!this.open(limit, true)) return false
    const listEnd = this.end
    while (this.at < listEnd) {
      if (!this.open(listEnd, true)) return false
      const entryEnd = this.end
      if (!this.fixed(entryEnd, 20) || !this.open(entryEnd, true)) return false
      const keysEnd = this.end
      while (this.at < keysEnd) if (!this.fixed(keysEnd, 32)) return false
      if (this.at !== entryEnd) return this.wrong('an access list entry has more than two fields')
    }
    return true
  }

  authorizationList(limit: number): boolean {
    if (!this.open(limit, true)) return false
    const listEnd = this.end
    while (this.at < listEnd) {
      if (!this.open(listEnd, true)) return false
      const end = this.end
      const ok =
        this.quantity(end, 32) &&
        this.fixed(end, 20) &&
        this.quantity(end, 8) &&
        this.quantity(end, 1) &&
        this.quantity(end, 32) &&
        this.quantity(end, 32)
      if (!ok) return false
      if (this.at !== end) return this.wrong('an authorization has more than six fields')
    }
    return true
  }
}

/**
 * Checks that every transaction of a span can be rebuilt, and finds its parts; copies nothing.
 *
 * Quantities of types 0 to 2 may have any length, as in the implementation that the chains run: a transaction with a
 * value of more than 256 bits is for the engine to refuse.
 *
 * @throws {ChannelError} `badSpanTransaction`
 * @see specs/protocol/delta/span-batches.md#span-batch-format
 */
export function layOutSpanTxs(txs: SpanBatchTxs): SpanTxLayout {
  const { count, types, dataAt, contractCreationBits } = txs
  const layout = {
    valueAt: new Uint32Array(count),
    feesAt: new Uint32Array(count),
    tailAt: new Uint32Array(count),
    recipientIndex: new Uint32Array(count),
    legacyIndex: new Uint32Array(count),
  }
  const walk = new Walk(txs.bytes)
  let recipients = 0
  let legacy = 0
  for (let i = 0; i < count; i++) {
    const type = types[i] as number
    const start = dataAt[i] as number
    const limit = dataAt[i + 1] as number
    const bad = (rule: string, reason: string, at = start) =>
      new ChannelError('badSpanTransaction', { at, rule, index: i, reason })
    const typeByte = txs.bytes[start] as number
    if (typeByte <= 0x7f && typeByte !== 1 && typeByte !== 2 && typeByte !== 4) throw bad('DER-140', `type ${typeByte}`)
    const creates = bitAt(contractCreationBits, i) === 1
    if (type === 4 && creates) throw bad('DER-139', 'type 4 without a recipient')
    layout.recipientIndex[i] = recipients
    if (!creates) recipients++
    layout.legacyIndex[i] = legacy
    if (type === 0) legacy++

    walk.at = type === 0 ? start : start + 1
    const maxBytes = type === 4 ? 32 : 0
    let ok = walk.open(limit, true)
    layout.valueAt[i] = walk.at
    ok = ok && walk.quantity(limit, maxBytes)
    layout.feesAt[i] = walk.at
    ok = ok && walk.quantity(limit, maxBytes) && (type < 2 || walk.quantity(limit, maxBytes))
    layout.tailAt[i] = walk.at
    ok =
      ok &&
      walk.string(limit) &&
      (type === 0 || walk.accessList(limit)) &&
      (type !== 4 || walk.authorizationList(limit))
    if (ok && walk.at !== limit) ok = walk.wrong('the list has more fields')
    if (!ok) throw bad(RULE_OF_TYPE[type] as string, walk.reason, walk.at)
  }
  return layout
}

const RULE_OF_TYPE: Record<number, string> = { 0: 'DER-135', 1: 'DER-136', 2: 'DER-137', 4: 'DER-138' }

/** Size of the RLP of a 64-bit quantity given as two words. */
function wordsSize(low: number, high: number): number {
  if (high !== 0) return 1 + 4 + (4 - (Math.clz32(high) >> 3))
  return low < 0x80 ? 1 : 1 + (4 - (Math.clz32(low) >> 3))
}

function writeWords(out: Uint8Array, at: number, low: number, high: number): number {
  if (high === 0 && low < 0x80) {
    out[at] = low === 0 ? 0x80 : low
    return at + 1
  }
  const length = wordsSize(low, high) - 1
  out[at] = 0x80 + length
  for (let i = length - 1; i >= 0; i--) out[++at] = i >= 4 ? high >>> (8 * (i - 4)) : low >>> (8 * i)
  return at + 1
}

/** First byte of a 32-byte word that is not zero, from its start; 32 for zero. */
function leadingZeros(bytes: Uint8Array, at: number): number {
  let zeros = 0
  while (zeros < 32 && bytes[at + zeros] === 0) zeros++
  return zeros
}

/** Size of the RLP of a 32-byte word as a quantity. */
function wordSize(bytes: Uint8Array, at: number): number {
  const length = 32 - leadingZeros(bytes, at)
  return length === 1 && (bytes[at + 31] as number) < 0x80 ? 1 : 1 + length
}

function writeWord(out: Uint8Array, to: number, bytes: Uint8Array, at: number): number {
  const length = 32 - leadingZeros(bytes, at)
  if (length === 1 && (bytes[at + 31] as number) < 0x80) {
    out[to] = bytes[at + 31] as number
    return to + 1
  }
  out[to++] = 0x80 + length
  for (let i = 32 - length; i < 32; i++) out[to++] = bytes[at + i] as number
  return to
}

function copy(out: Uint8Array, to: number, bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 64) for (let i = start; i < end; i++) out[to++] = bytes[i] as number
  else {
    out.set(bytes.subarray(start, end), to)
    to += end - start
  }
  return to
}

/** RLP of the chain id, and of the four values that v can take in legacy transactions. */
export type ChainEncoding = { readonly chainId: Uint8Array; readonly protectedV: readonly [Uint8Array, Uint8Array] }

/**
 * Rebuilds the transactions `[from, to)` as EIP-2718 encodings: views of one new array.
 *
 * @param layout - of the same `txs`
 */
export function rebuildSpanTxs(
  txs: SpanBatchTxs,
  layout: SpanTxLayout,
  chain: ChainEncoding,
  from: number,
  to: number,
): Uint8Array[] {
  const payloadSizes = new Uint32Array(to - from)
  let total = 0
  for (let i = from; i < to; i++) {
    const size = payloadSize(txs, layout, chain, i)
    payloadSizes[i - from] = size
    total += (txs.types[i] === 0 ? 0 : 1) + listHeaderSize(size) + size
  }
  const out = new Uint8Array(total)
  const transactions = new Array<Uint8Array>(to - from)
  let at = 0
  for (let i = from; i < to; i++) {
    const start = at
    at = writeTx(out, at, txs, layout, chain, i, payloadSizes[i - from] as number)
    transactions[i - from] = out.subarray(start, at)
  }
  return transactions
}

function listHeaderSize(length: number): number {
  return length < 56 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : length < 0x100_0000 ? 4 : 5
}

function vOf(txs: SpanBatchTxs, layout: SpanTxLayout, chain: ChainEncoding, i: number): Uint8Array | number {
  const parity = bitAt(txs.yParityBits, i)
  if (txs.types[i] !== 0) return parity === 0 ? 0x80 : 1
  if (bitAt(txs.protectedBits, layout.legacyIndex[i] as number) === 0) return 27 + parity
  return chain.protectedV[parity]
}

function payloadSize(txs: SpanBatchTxs, layout: SpanTxLayout, chain: ChainEncoding, i: number): number {
  const v = vOf(txs, layout, chain, i)
  return (
    (txs.types[i] === 0 ? 0 : chain.chainId.length) +
    wordsSize(txs.nonceLow[i] as number, txs.nonceHigh[i] as number) +
    wordsSize(txs.gasLow[i] as number, txs.gasHigh[i] as number) +
    (bitAt(txs.contractCreationBits, i) === 1 ? 1 : 21) +
    ((txs.dataAt[i + 1] as number) - (layout.valueAt[i] as number)) +
    (typeof v === 'number' ? 1 : v.length) +
    wordSize(txs.signatures, 64 * i) +
    wordSize(txs.signatures, 64 * i + 32)
  )
}

function writeTx(
  out: Uint8Array,
  start: number,
  txs: SpanBatchTxs,
  layout: SpanTxLayout,
  chain: ChainEncoding,
  i: number,
  size: number,
): number {
  const { bytes } = txs
  const type = txs.types[i] as number
  let at = start
  if (type !== 0) out[at++] = type
  if (size < 56) out[at++] = 0xc0 + size
  else {
    const lengthSize = listHeaderSize(size) - 1
    out[at++] = 0xf7 + lengthSize
    for (let shift = lengthSize - 1; shift >= 0; shift--) out[at++] = size >>> (8 * shift)
  }
  if (type !== 0) at = copy(out, at, chain.chainId, 0, chain.chainId.length)
  at = writeWords(out, at, txs.nonceLow[i] as number, txs.nonceHigh[i] as number)
  at = copy(out, at, bytes, layout.feesAt[i] as number, layout.tailAt[i] as number)
  at = writeWords(out, at, txs.gasLow[i] as number, txs.gasHigh[i] as number)
  if (bitAt(txs.contractCreationBits, i) === 1) out[at++] = 0x80
  else {
    const recipient = 20 * (layout.recipientIndex[i] as number)
    out[at++] = 0x94
    at = copy(out, at, txs.recipients, recipient, recipient + 20)
  }
  at = copy(out, at, bytes, layout.valueAt[i] as number, layout.feesAt[i] as number)
  at = copy(out, at, bytes, layout.tailAt[i] as number, txs.dataAt[i + 1] as number)
  const v = vOf(txs, layout, chain, i)
  if (typeof v === 'number') out[at++] = v
  else at = copy(out, at, v, 0, v.length)
  at = writeWord(out, at, txs.signatures, 64 * i)
  return writeWord(out, at, txs.signatures, 64 * i + 32)
}
