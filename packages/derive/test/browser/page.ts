import {
  bytesToHex,
  ChannelError,
  compressChannel,
  concatBytes,
  decodeTxEnvelope,
  deriveSpanBatch,
  encodeRlp,
  encodeSingularBatch,
  type Hash,
  type Hex,
  hexToBytes,
  initCompression,
  orderedTrieRoot,
  readChannelBatches,
  type SingularBatch,
  tryDecodeFrames,
  txHash,
} from '@keelson/protocol'
import { createDerivationPipeline } from '../../src/index.ts'
import { type PipelineFixture, recordedPipeline } from '../../testing/pipelineFixture.ts'

/** What of a `batcherCalldata` fixture is read. */
export type CalldataFixture = {
  readonly input: {
    readonly calldata: Hex
    readonly chainId: number
    readonly l2GenesisTime: number
    readonly blockTime: number
  }
  readonly expected: {
    readonly frames: readonly { readonly channelId: Hex; readonly frameNumber: number; readonly isLast: boolean }[]
    readonly batches: readonly { readonly blocks: readonly DecodedBlock[] }[]
  }
}

type DecodedBlock = {
  readonly timestamp: number
  readonly epochNum: number
  readonly txCount: number
  readonly txRoot: Hash
  readonly txHashes: readonly Hash[]
}

const OPTIONS = { maxRlpBytes: 10_000_000, brotliAllowed: true }

/** Batcher transaction → frame → channel → span batch → blocks. */
export function decodeCalldata({ input }: CalldataFixture) {
  const frames = tryDecodeFrames(hexToBytes(input.calldata)) ?? []
  const batch = readChannelBatches(concatBytes(...frames.map(({ data }) => data)), OPTIONS).next()
  if (batch?.type !== 'span') throw new Error('no span batch')
  const span = deriveSpanBatch(batch.batch, {
    genesis: { l2Time: BigInt(input.l2GenesisTime) },
    blockTime: BigInt(input.blockTime),
    l2ChainId: BigInt(input.chainId),
  })
  if (span instanceof ChannelError) throw span
  const blocks = Array.from({ length: span.blockCount }, (_, i): DecodedBlock => {
    const transactions = span.blockTransactions(i)
    return {
      timestamp: Number(span.blockTimestamp(i)),
      epochNum: Number(span.blockEpochNumber(i)),
      txCount: transactions.length,
      txRoot: orderedTrieRoot(transactions),
      txHashes: transactions.map(txHash),
    }
  })
  return { frames: frames.map(({ channelId, number, isLast }) => ({ channelId, frameNumber: number, isLast })), blocks }
}

/** Payload attributes and refs of all L2 blocks that the recorded L1 blocks hold, as JSON values. */
export async function deriveHistory(fixture: PipelineFixture) {
  const { config, l1, l2, base } = recordedPipeline(fixture)
  const pipeline = createDerivationPipeline({ config, l1, l2 })
  pipeline.resetTo(base)
  const hashes = parentHashes(fixture)
  const blocks: unknown[] = []
  let safe = base.l2
  for (;;) {
    const pulled = await pipeline.step(safe)
    if (pulled.status === 'drained') break
    if (pulled.status === 'again') continue
    const { attributes } = pulled.value
    const hash = hashes.get(attributes.timestamp + config.blockTime)
    safe = l2.build(pulled.value, hash ? { hash } : {})
    blocks.push(plain({ ref: safe, attributes }))
  }
  return blocks
}

/** Every batch names the hash of the block before it. */
function parentHashes({ input, expected }: PipelineFixture): Map<bigint, Hash> {
  const hashes = new Map<bigint, Hash>()
  for (const { l1Block, txIndex } of expected.batcherTransactions) {
    const bytes = input.l1Blocks.find(({ number }) => number === l1Block)?.transactions[txIndex]
    const tx = decodeTxEnvelope(hexToBytes(bytes as Hex))
    for (const frame of tryDecodeFrames(tx.input) ?? []) {
      for (const { type, batch } of readChannelBatches(frame.data, OPTIONS)) {
        if (type === 'singular') hashes.set(batch.timestamp, batch.parentHash)
      }
    }
  }
  return hashes
}

/** The first batch of a channel. */
export const firstBatch = (channel: Hex) => plain(readChannelBatches(hexToBytes(channel), OPTIONS).next())

/** Packs a batch into a brotli channel, in a page by WebAssembly, and reads it back. */
export async function brotliChannel() {
  await initCompression()
  const batch: SingularBatch = {
    parentHash: `0x${'11'.repeat(32)}`,
    epochNumber: 7n,
    epochHash: `0x${'22'.repeat(32)}`,
    timestamp: 1_700_000_000n,
    transactions: [hexToBytes(`0x02${'c0ffee'.repeat(2_000)}`)],
  }
  const channel = compressChannel(encodeRlp(encodeSingularBatch(batch)), 'brotli', 10)
  return { algorithm: channel[0], channel: bytesToHex(channel), batch: firstBatch(bytesToHex(channel)) }
}

/** As JSON can carry it: quantities and bytes as text. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, item: unknown) => {
      if (typeof item === 'bigint') return item.toString()
      return item instanceof Uint8Array ? bytesToHex(item) : item
    }),
  )
}
