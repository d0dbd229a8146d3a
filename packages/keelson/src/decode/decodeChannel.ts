import {
  bitAt,
  bytesToHex,
  type ChannelBatch,
  ChannelError,
  type ChannelReaderOptions,
  concatBytes,
  decodeSpanBatch,
  deriveSpanBatch,
  type Frame,
  type Hex,
  orderedTrieRoot,
  type RawSpanBatch,
  readChannelBatches,
  type SpanBatchChain,
  senderOf,
  tryDecodeTxEnvelope,
  txHash,
} from '@keelson/protocol'
import type { BatchReport, BlockReport, ChannelReport, L1Place, Problem, TxReport } from './report.ts'

export type DecodeOptions = {
  /** Constants of the chain; without them a span is shown as far as it tells by itself. */
  readonly chain: SpanBatchChain | null
  /** Number of the L2 genesis block; without it blocks have no number. */
  readonly l2GenesisNumber: bigint | null
  /** What holds for a channel that the L1 block with this time completes; `null`: the time is not known. */
  readonly limitsAt: (l1Timestamp: bigint | null) => Pick<ChannelReaderOptions, 'maxRlpBytes' | 'brotliAllowed'>
  /** Recover the senders of L2 transactions: some time for each. */
  readonly senders: boolean
  /** Give the bytes of L2 transactions too. */
  readonly raw: boolean
}

/** A coded error as it is shown. */
export function problemOf(error: ChannelError): Problem {
  const { code, data } = error.fault
  return { code, rule: data.rule, at: data.at, text: error.message }
}

/** The frames of one channel, put together as they came. */
export class OpenChannel {
  readonly id: Hex
  readonly #frames = new Map<number, Frame>()
  #last: number | null = null
  duplicates = 0
  /** Where its first and its latest frame stood. */
  opened: L1Place | null = null
  latest: L1Place | null = null

  constructor(id: Hex) {
    this.id = id
  }

  add(frame: Frame, l1: L1Place | undefined): void {
    if (l1) {
      this.opened ??= l1
      this.latest = l1
    }
    if (this.#frames.has(frame.number)) this.duplicates++
    else {
      this.#frames.set(frame.number, frame)
      if (frame.isLast) this.#last ??= frame.number
    }
  }

  report(options: DecodeOptions): ChannelReport {
    const highest = this.#last ?? Math.max(...this.#frames.keys())
    const missing: number[] = []
    const data: Uint8Array[] = []
    for (let number = 0; number <= highest; number++) {
      const frame = this.#frames.get(number)
      if (!frame) missing.push(number)
      else if (missing.length === 0) data.push(frame.data)
    }
    return {
      id: this.id,
      state: this.#last !== null && missing.length === 0 ? 'complete' : 'partial',
      frameCount: this.#frames.size,
      missingFrames: missing,
      closed: this.#last !== null,
      duplicateFrames: this.duplicates,
      ...readChannel(concatBytes(...data), options, this.latest?.timestamp ?? null),
      ...(this.opened && this.latest && { openedAt: this.opened.blockNumber, includedAt: this.latest.blockNumber }),
    }
  }
}

type ChannelContent = Pick<
  ChannelReport,
  'compression' | 'compressedLength' | 'decompressedLength' | 'batchCount' | 'batches' | 'problem'
>

/** Unpacks a channel and decodes what is in it, up to where it can be read. */
export function readChannel(data: Uint8Array, options: DecodeOptions, l1Timestamp: bigint | null): ChannelContent {
  const reader = readChannelBatches(data, { ...options.limitsAt(l1Timestamp) })
  const batches = Array.from(reader, (batch) => batchReport(batch, options))
  return {
    compression: reader.compression,
    compressedLength: data.length,
    decompressedLength: reader.bytesRead,
    batchCount: batches.length,
    batches,
    ...(reader.end instanceof ChannelError && { problem: problemOf(reader.end) }),
  }
}

function batchReport(entry: ChannelBatch, options: DecodeOptions): BatchReport {
  if (entry.type === 'span') return spanReport(entry.batch, entry.size, options)
  const { parentHash, epochHash, epochNumber, timestamp, transactions } = entry.batch
  const block = blockReport(timestamp, epochNumber, transactions, options)
  return { type: 'singular', size: entry.size, parentHash, epochHash, ...block }
}

/** A span batch by itself, version byte included. */
export function readSpan(bytes: Uint8Array, options: DecodeOptions): BatchReport {
  return spanReport(decodeSpanBatch(bytes), bytes.length, options)
}

function spanReport(raw: RawSpanBatch, size: number, options: DecodeOptions): BatchReport {
  const { txs, originBits } = raw
  const txTypes: Record<string, number> = {}
  for (const type of txs.types) txTypes[type] = (txTypes[type] ?? 0) + 1
  let creations = 0
  for (let i = 0; i < txs.count; i++) creations += bitAt(txs.contractCreationBits, i)
  let unprotected = txs.protectedBits.length
  for (let i = 0; i < txs.protectedBits.length; i++) unprotected -= bitAt(txs.protectedBits, i)
  const facts = {
    type: 'span' as const,
    size,
    relTimestamp: raw.relTimestamp,
    l1OriginNum: raw.l1OriginNumber,
    parentCheck: raw.parentCheck,
    l1OriginCheck: raw.l1OriginCheck,
    blockCount: raw.blockCount,
    originBits: Array.from({ length: raw.blockCount }, (_, i) => bitAt(originBits, i)).join(''),
    blockTxCounts: [...raw.blockTxCounts],
    totalTxs: txs.count,
    txTypes,
    legacyUnprotected: unprotected,
    contractCreations: creations,
  }
  if (!options.chain) return facts
  const span = deriveSpanBatch(raw, options.chain)
  if (span instanceof ChannelError) return { ...facts, problem: problemOf(span) }
  const blocks = Array.from({ length: span.blockCount }, (_, i) =>
    blockReport(span.blockTimestamp(i), span.blockEpochNumber(i), span.blockTransactions(i), options),
  )
  return { ...facts, blocks }
}

function blockReport(
  timestamp: bigint,
  epochNum: bigint,
  transactions: readonly Uint8Array[],
  options: DecodeOptions,
): BlockReport {
  const l2Number = numberOf(timestamp, options)
  return {
    ...(l2Number !== null && { l2Number }),
    timestamp,
    epochNum,
    txCount: transactions.length,
    txRoot: orderedTrieRoot(transactions),
    txHashes: transactions.map(txHash),
    transactions: transactions.map((tx) => txReport(tx, options)),
  }
}

/** The number that a block with this time has (DER-001), or `null` where the chain is not known well enough. */
function numberOf(timestamp: bigint, { chain, l2GenesisNumber }: DecodeOptions): bigint | null {
  if (!chain || l2GenesisNumber === null || chain.blockTime === 0n) return null
  const since = timestamp - chain.genesis.l2Time
  return since < 0n ? null : l2GenesisNumber + since / chain.blockTime
}

function txReport(bytes: Uint8Array, { senders, raw }: DecodeOptions): TxReport | { hash: Hex; unreadable: string } {
  const hash = txHash(bytes)
  const tx = tryDecodeTxEnvelope(bytes)
  if (!tx) return { hash, unreadable: bytesToHex(bytes.subarray(0, 64)) }
  return {
    hash,
    type: tx.type,
    ...(senders && { from: senderOf(bytes, tx) }),
    to: tx.to,
    nonce: tx.type === 0x7e ? 0n : tx.nonce,
    value: tx.value,
    gas: tx.gasLimit,
    dataLength: tx.input.length,
    ...(raw && { raw: bytesToHex(bytes) }),
  }
}
