import { createHash } from 'node:crypto'
import { constants, inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { BrotliReader } from '../src/channel/brotli/brotliReader.ts'
import { ByteSink } from '../src/channel/byteSink.ts'
import {
  bitAt,
  bytesToHex,
  ChannelError,
  concatBytes,
  decodeBlob,
  decodeFrame,
  decodeFrames,
  decodeRlp,
  decodeSingularBatch,
  decodeSpanBatch,
  deriveSpanBatch,
  encodeBatcherTx,
  encodeBlob,
  encodeRlp,
  encodeSingularBatch,
  encodeSpanBatch,
  type Frame,
  type Hash,
  type Hex,
  hexToBytes,
  keccak256Hex,
  orderedTrieRoot,
  readChannelBatches,
  type SingularBatch,
  type SpanBatch,
  type SpanBatchChain,
  txHash,
} from '../src/index.ts'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '../testing/fixtures.ts'

type FrameFacts = { channelId?: Hex; frameNumber: number; dataLength: number; isLast: boolean }
type SpanFacts = {
  relTimestamp: number | string
  l1OriginNum: number | string
  parentCheck: Hex
  l1OriginCheck: Hex
  blockCount: number
  originBits: string
  blockTxCounts: number[]
  totalTxs: number
  txTypes: Record<string, number>
  legacyUnprotected: number
  contractCreations: number
  blocks?: { timestamp: number; epochNum: number; txCount: number; txRoot: Hash; txHashes: Hash[] }[]
}
type ChainFacts = { chainId: number; l2GenesisTime: number; blockTime: number }

const OPTIONS = { maxRlpBytes: 10_000_000, brotliAllowed: true }

const chainOf = (facts: ChainFacts): SpanBatchChain => ({
  genesis: { l2Time: BigInt(facts.l2GenesisTime) },
  blockTime: BigInt(facts.blockTime),
  l2ChainId: BigInt(facts.chainId),
})

const factsOf = ({ channelId, number, data, isLast }: Frame): FrameFacts => ({
  channelId,
  frameNumber: number,
  dataLength: data.length,
  isLast,
})

const dataOf = (frames: readonly Frame[]) => concatBytes(...frames.map((frame) => frame.data))

/** The only batch of a channel, which must be a span. */
function onlySpan(
  channel: Uint8Array,
  chain: SpanBatchChain,
  end: RegExp = /^complete$/,
): { span: SpanBatch; bytesRead: number } {
  const batches = readChannelBatches(channel, OPTIONS)
  const first = batches.next()
  if (first?.type !== 'span') throw new Error(`no span batch: ${batches.end}`)
  expect(batches.next()).toBeNull()
  expect(String(batches.end)).toMatch(end)
  const span = deriveSpanBatch(first.batch, chain)
  if (span instanceof ChannelError) throw span
  return { span, bytesRead: batches.bytesRead }
}

function expectSpan(span: SpanBatch, facts: SpanFacts): void {
  const { raw } = span
  expect(raw.relTimestamp).toBe(BigInt(facts.relTimestamp))
  expect(raw.l1OriginNumber).toBe(BigInt(facts.l1OriginNum))
  expect(raw.parentCheck).toBe(facts.parentCheck)
  expect(raw.l1OriginCheck).toBe(facts.l1OriginCheck)
  expect(raw.blockCount).toBe(facts.blockCount)
  expect(Array.from(facts.originBits, (_, i) => bitAt(raw.originBits, i)).join('')).toBe(facts.originBits)
  expect([...raw.blockTxCounts]).toEqual(facts.blockTxCounts)
  expect(raw.txs.count).toBe(facts.totalTxs)
  const types: Record<string, number> = {}
  for (const type of raw.txs.types) types[type] = (types[type] ?? 0) + 1
  expect(types).toEqual(facts.txTypes)
  const { protectedBits, contractCreationBits } = raw.txs
  const zeros = Array.from({ length: protectedBits.length }, (_, i) => bitAt(protectedBits, i)).filter(
    (bit) => bit === 0,
  )
  expect(zeros).toHaveLength(facts.legacyUnprotected)
  const creations = Array.from({ length: raw.txs.count }, (_, i) => bitAt(contractCreationBits, i)).filter(
    (bit) => bit === 1,
  )
  expect(creations).toHaveLength(facts.contractCreations)
  const blocks = Array.from({ length: span.blockCount }, (_, i) => {
    const transactions = span.blockTransactions(i)
    return {
      timestamp: Number(span.blockTimestamp(i)),
      epochNum: Number(span.blockEpochNumber(i)),
      txCount: transactions.length,
      txRoot: orderedTrieRoot(transactions),
      txHashes: transactions.map(txHash),
    }
  })
  if (facts.blocks) expect(blocks).toEqual(facts.blocks)
}

/** The blocks of a span as they would have been given to the builder; hashes beyond 20 bytes are lost in a span. */
function blocksOf(span: SpanBatch): SingularBatch[] {
  const pad = (check: Hex): Hash => `${check}${'00'.repeat(12)}`
  return Array.from({ length: span.blockCount }, (_, i) => ({
    parentHash: pad(span.parentCheck),
    epochNumber: span.blockEpochNumber(i),
    epochHash: pad(span.l1OriginCheck),
    timestamp: span.blockTimestamp(i),
    transactions: span.blockTransactions(i),
  }))
}

const sequenceNumberOf = (span: SpanBatch) => (bitAt(span.raw.originBits, 0) === 1 ? 0n : 1n)

describe.skipIf(!fixtureFolder())(`channel fixtures (${FIXTURES_ABSENT} otherwise)`, () => {
  it('[DER-059] [DER-063] [DER-118] [DER-129] [DER-106] [DER-145] reads an early span batch of OP Sepolia from calldata, whose stream was never finished', () => {
    type Fixture = {
      input: ChainFacts & { calldata: Hex }
      expected: { frames: FrameFacts[]; decompressedLength: number; batches: SpanFacts[] }
    }
    const { input, expected } = readFixture<Fixture>('derivation/batcher-calldata-op-sepolia-delta-span-84-blocks.json')
    const payload = hexToBytes(input.calldata)
    const frames = decodeFrames(payload)
    expect(frames.map(factsOf)).toEqual(expected.frames)
    expect(encodeBatcherTx(frames)).toEqual(payload)
    const { span, bytesRead } = onlySpan(dataOf(frames), chainOf(input), /cut short/)
    expect(bytesRead).toBe(expected.decompressedLength)
    expectSpan(span, expected.batches[0] as SpanFacts)
    const written = encodeSpanBatch(blocksOf(span), chainOf(input), sequenceNumberOf(span))
    const content = inflateSync(dataOf(frames), { finishFlush: constants.Z_SYNC_FLUSH })
    expect(Buffer.compare(encodeRlp(written), content)).toBe(0)
  })

  it('[DER-100] [DER-135] [DER-136] [DER-137] [DER-145] reads and writes a whole channel of OP Mainnet: 143 blocks', () => {
    type Fixture = {
      input: ChainFacts & { channelData: Hex }
      expected: { decompressedLength: number; batches: SpanFacts[] }
    }
    const { input, expected } = readFixture<Fixture>('derivation/channel-op-mainnet-span-143-blocks.json.gz')
    const channel = hexToBytes(input.channelData)
    const { span, bytesRead } = onlySpan(channel, chainOf(input))
    expect(bytesRead).toBe(expected.decompressedLength)
    expectSpan(span, expected.batches[0] as SpanFacts)
    const written = encodeSpanBatch(blocksOf(span), chainOf(input), sequenceNumberOf(span))
    expect(Buffer.compare(encodeRlp(written), inflateSync(channel))).toBe(0)
  })

  it('[DER-052] [DER-057] [DER-102] [DER-103] reads a brotli channel over three frames from two blobs', () => {
    type Fixture = {
      input: ChainFacts & { blobs: Hex[] }
      expected: {
        blobs: { decodedLength: number; keccakOfDecoded: Hash; frames: FrameFacts[] }[]
        channelId: Hex
        frameCount: number
        compressedLength: number
        decompressedLength: number
        batches: SpanFacts[]
      }
    }
    const { input, expected } = readFixture<Fixture>('derivation/blobs-brotli-op-sepolia-span-synthetic.json.gz')
    const payloads = input.blobs.map((blob) => decodeBlob(hexToBytes(blob)))
    expect(payloads.map((payload) => [payload.length, keccak256Hex(payload)])).toEqual(
      expected.blobs.map(({ decodedLength, keccakOfDecoded }) => [decodedLength, keccakOfDecoded]),
    )
    const frames = payloads.map(decodeFrames)
    for (const [i, { frames: facts }] of expected.blobs.entries()) {
      expect(frames[i]?.map(factsOf)).toEqual(facts.map((fact) => ({ channelId: expected.channelId, ...fact })))
    }
    expect(payloads.map(encodeBlob).map(bytesToHex)).toEqual(input.blobs)
    const all = frames.flat()
    expect(all).toHaveLength(expected.frameCount)
    const channel = dataOf(all)
    expect(channel[0]).toBe(1)
    expect([channel.length, channel.length - 1]).toContain(expected.compressedLength)
    const { span, bytesRead } = onlySpan(channel, chainOf(input))
    expect(bytesRead).toBe(expected.decompressedLength)
    expectSpan(span, expected.batches[0] as SpanFacts)
  })

  it('[DER-051] [DER-053] decodes a real blob, and finds that its content is no batcher payload', () => {
    type Fixture = {
      input: { blob: Hex }
      expected: {
        decodedLength: number
        decodedData: Hex
        keccakOfDecoded: Hash
        inflatedLength: number
        rlpListItems: number
      }
    }
    const { input, expected } = readFixture<Fixture>('derivation/blob-op-encoding-real.json.gz')
    const data = decodeBlob(hexToBytes(input.blob))
    expect(data).toHaveLength(expected.decodedLength)
    expect(bytesToHex(data)).toBe(expected.decodedData)
    expect(keccak256Hex(data)).toBe(expected.keccakOfDecoded)
    expect(bytesToHex(encodeBlob(data))).toBe(input.blob)
    const inflated = inflateSync(data)
    expect(inflated).toHaveLength(expected.inflatedLength)
    expect(decodeRlp(inflated)).toHaveLength(expected.rlpListItems)
    expect(() => decodeFrames(data)).toThrow('unknown version 120')
  })

  it('[DER-053] [DER-056] refuses foreign blobs of a beacon node, each for its encoding version', () => {
    type Fixture = {
      input: { blobSidecars: { data: { blob: Hex }[] } }
      expected: { blobs: { blobSha256: Hash }[]; opBlobDecode: string }
    }
    const { input, expected } = readFixture<Fixture>('derivation/beacon-blob-sidecars-goerli-7422094.json.gz')
    const blobs = input.blobSidecars.data.map(({ blob }) => hexToBytes(blob))
    expect(blobs.map((blob) => `0x${createHash('sha256').update(blob).digest('hex')}`)).toEqual(
      expected.blobs.map(({ blobSha256 }) => blobSha256),
    )
    expect(expected.opBlobDecode).toBe('error: encoding version 22')
    expect(() => decodeBlob(blobs[0] as Uint8Array)).toThrow('unknown version 22 of the blob encoding')
    for (const blob of blobs) expect(() => decodeBlob(blob)).toThrow(ChannelError)
  })

  it('[DER-063] [DER-114] reads two frames with a bare brotli stream of one singular batch', () => {
    type Fixture = {
      input: { frames: Hex[] }
      expected: {
        frames: FrameFacts[]
        brotliStream: Hex
        decompressed: Hex
        batch: { parentHash: Hash; epochNum: number; epochHash: Hash; timestamp: number; txs: Hex[] }
      }
    }
    const { input, expected } = readFixture<Fixture>('derivation/frames-brotli-singular-synthetic.json')
    const frames = input.frames.map((bytes) => {
      const { frame, end } = decodeFrame(hexToBytes(bytes))
      expect(end).toBe((bytes.length - 2) / 2)
      return frame
    })
    expect(frames.map(factsOf)).toEqual(expected.frames)
    expect(bytesToHex(dataOf(frames))).toBe(expected.brotliStream)
    // It lacks the version byte and the RLP string of a channel: the stream and the batch are read by themselves.
    const reader = new BrotliReader(dataOf(frames))
    const sink = new ByteSink()
    while (reader.end === null) reader.read(sink, 4_096)
    const content = sink.bytes
    expect(bytesToHex(content)).toBe(expected.decompressed)
    const { parentHash, epochNum, epochHash, timestamp, txs } = expected.batch
    const batch = {
      parentHash,
      epochNumber: BigInt(epochNum),
      epochHash,
      timestamp: BigInt(timestamp),
      transactions: txs.map(hexToBytes),
    }
    expect(decodeSingularBatch(content)).toEqual(batch)
    expect(encodeSingularBatch(batch)).toEqual(content)
  })

  it('[DER-133] [DER-142] [DER-143] [DER-145] reads and writes the random span batch of op-node', () => {
    type Fixture = { input: { rawSpanBatch: Hex }; expected: SpanFacts & { nonces: string[] } }
    const { input, expected } = readFixture<Fixture>('derivation/span-batch-synthetic-4-blocks.json')
    const bytes = concatBytes(Uint8Array.of(1), hexToBytes(input.rawSpanBatch))
    const raw = decodeSpanBatch(bytes)
    const nonces = [...raw.txs.nonceLow].map((low, i) => (BigInt(raw.txs.nonceHigh[i] as number) << 32n) | BigInt(low))
    // The fixture has the nonces as rounded by a double.
    expect(nonces.map(Number)).toEqual(expected.nonces.map(Number))
    const chain = { genesis: { l2Time: 0n }, blockTime: 2n, l2ChainId: 28n }
    const span = deriveSpanBatch(raw, chain)
    if (span instanceof ChannelError) throw span
    expectSpan(span, expected)
    expect(encodeSpanBatch(blocksOf(span), chain, sequenceNumberOf(span))).toEqual(bytes)
  })

  it('[DER-100] [DER-111] [DER-114] reads the two channels of OP Mainnet in Regolith time: 63 and 60 singular batches', () => {
    type Batch = {
      parentHash: Hash
      epochNum: number
      epochHash: Hash
      timestamp: number
      txCount: number
      txRoot: Hash
    }
    type Fixture = {
      input: { l1Blocks: { number: number; transactions: Hex[] }[] }
      expected: {
        batcherTransactions: { l1Block: number; txIndex: number; txHash: Hash; frames: FrameFacts[] }[]
        channels: {
          id: Hex
          compressedLength: number
          decompressedLength: number
          batchCount: number
          batches: Batch[]
        }[]
      }
    }
    const { input, expected } = readFixture<Fixture>('derivation/pipeline-op-mainnet-regolith-18090205.json.gz')
    for (const [i, { l1Block, txIndex, txHash: hash, frames: facts }] of expected.batcherTransactions.entries()) {
      const block = input.l1Blocks.find(({ number }) => number === l1Block)
      const tx = hexToBytes(block?.transactions[txIndex] ?? '0x')
      expect(txHash(tx)).toBe(hash)
      // The calldata is the longest string of the transaction.
      const fields = decodeRlp(tx[0] === 2 ? tx.subarray(1) : tx) as Uint8Array[]
      const calldata = fields.reduce((a, b) => (b.length > a.length ? b : a))
      const frames = decodeFrames(calldata)
      expect(frames.map(factsOf)).toEqual(facts)
      const channel = expected.channels[i]
      const batches = readChannelBatches(dataOf(frames), OPTIONS)
      const read = Array.from(batches, (entry) => {
        if (entry.type !== 'singular') throw new Error('no singular batch')
        const { parentHash, epochNumber, epochHash, timestamp, transactions } = entry.batch
        return {
          parentHash,
          epochNum: Number(epochNumber),
          epochHash,
          timestamp: Number(timestamp),
          txCount: transactions.length,
          txRoot: orderedTrieRoot(transactions),
        }
      })
      expect(batches.end).toBe('complete')
      expect(batches.bytesRead).toBe(channel?.decompressedLength)
      expect(dataOf(frames)).toHaveLength(channel?.compressedLength ?? 0)
      expect(read).toHaveLength(channel?.batchCount ?? 0)
      // The fixture lists the batches up to the last block that it derives.
      expect(read.slice(0, channel?.batches.length)).toEqual(
        channel?.batches.map(({ parentHash, epochNum, epochHash, timestamp, txCount, txRoot }) => ({
          parentHash,
          epochNum,
          epochHash,
          timestamp,
          txCount,
          txRoot,
        })),
      )
    }
  })
})
