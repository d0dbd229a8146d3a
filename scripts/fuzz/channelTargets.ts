import { deflateRawSync, deflateSync } from 'node:zlib'
import {
  ChannelError,
  type ChannelReaderOptions,
  compressChannel,
  concatBytes,
  decodeBlob,
  decodeFrames,
  decodeSingularBatch,
  decodeSpanBatch,
  decodeUvarint,
  deriveSpanBatch,
  encodeBatcherTx,
  encodeBlob,
  encodeRlp,
  encodeSingularBatch,
  encodeSpanBatch,
  type Frame,
  type Hex,
  hexToBytes,
  readChannelBatches,
  tryDecodeBlob,
  tryDecodeFrames,
} from '../../packages/protocol/src/index.ts'
import { TEST_CHAIN, testBatch, testChannelId, testTx } from '../../packages/protocol/testing/index.ts'
import { tryFixture } from './seeds.ts'
import { bytesTarget, codedErrors, type FuzzTarget, noErrors } from './target.ts'

const OPTIONS: ChannelReaderOptions = { maxRlpBytes: 1_000_000, brotliAllowed: true }

/** Gives how many bytes were unpacked: what a channel costs goes by them, up to the limit of the specification. */
function readAll(channel: Uint8Array): number {
  const batches = readChannelBatches(channel, OPTIONS)
  for (const { type, batch } of batches) {
    if (type !== 'span') continue
    const span = deriveSpanBatch(batch, TEST_CHAIN)
    if (span instanceof ChannelError) continue
    // A span may have millions of empty blocks: the first ones will do.
    for (let i = 0; i < Math.min(span.blockCount, 1_000); i++) span.blockTransactions(i)
  }
  if (batches.end === null) throw new Error('the channel has no end')
  if (batches.bytesRead > OPTIONS.maxRlpBytes) throw new Error('the limit was passed')
  return batches.bytesUnpacked
}

function readSpan(bytes: Uint8Array): void {
  const span = deriveSpanBatch(decodeSpanBatch(bytes), TEST_CHAIN)
  if (span instanceof ChannelError) throw span
  for (let i = 0; i < Math.min(span.blockCount, 1_000); i++) {
    span.blockTransactions(i)
    span.blockEpochNumber(i)
    span.blockTxTypes(i)
  }
}

/**
 * Blobs are large, and most of one is either data that may be anything or zeros that must be: a few bytes are changed in
 * place, with a liking for the heads of field elements and for the header, and put back before the next input.
 */
function blobTarget(
  name: string,
  seeds: readonly Uint8Array[],
  run: (blob: Uint8Array) => unknown,
  expects: (error: unknown) => boolean,
): FuzzTarget {
  const blobs = seeds.map((seed) => Uint8Array.from(seed))
  let undo = () => {}
  return {
    name,
    expects,
    generate(random) {
      undo()
      const blob = random.pick(blobs)
      const changes = Array.from({ length: 1 + random.below(4) }, () => {
        const at = random.chance(30)
          ? random.below(8)
          : random.chance(60)
            ? 32 * random.below(4_096)
            : random.below(131_072)
        const before = blob[at] as number
        blob[at] = random.chance(50) ? random.uint32() : before ^ (1 << random.below(8))
        return { at, before, after: blob[at] }
      })
      undo = () => {
        for (const { at, before } of changes.toReversed()) blob[at] = before
      }
      const length = random.chance(1) ? random.below(131_072) : 131_072
      const input = blob.subarray(0, length)
      return {
        size: length,
        run: () => void run(input),
        show: () => JSON.stringify({ seed: blobs.indexOf(blob), changes, length }),
      }
    },
  }
}

/** Every decoder between the bytes of a batcher transaction and its transactions. */
export function channelTargets(): FuzzTarget[] {
  const transactions = ([0, 1, 2, 4] as const).flatMap((type) => [
    testTx({ type, input: Uint8Array.of(1, 2, 3), accessList: [[`0x${'42'.repeat(20)}`, [`0x${'11'.repeat(32)}`]]] }),
    testTx({ type, isProtected: false, yParity: 1, authorizations: [[10n, `0x${'42'.repeat(20)}`, 1n, 0n, 5n, 6n]] }),
  ])
  const blocks = Array.from({ length: 5 }, (_, i) =>
    testBatch({
      timestamp: 1_000n + 2n * BigInt(i),
      epochNumber: 100n + BigInt(i >> 1),
      transactions: transactions.slice(i),
    }),
  )
  const spans = [encodeSpanBatch(blocks, TEST_CHAIN, 0n), encodeSpanBatch([testBatch()], TEST_CHAIN, 1n)]
  const synthetic = tryFixture<{ input: { rawSpanBatch: Hex } }>('derivation/span-batch-synthetic-4-blocks.json')
  if (synthetic) spans.push(concatBytes(Uint8Array.of(1), hexToBytes(synthetic.input.rawSpanBatch)))
  const singulars = [encodeSingularBatch(testBatch()), ...blocks.map(encodeSingularBatch)]
  const content = concatBytes(...singulars.map((batch) => encodeRlp(batch)), encodeRlp(spans[0] as Uint8Array))
  const contents = [content, ...spans.map((span) => encodeRlp(span)), ...singulars.map((batch) => encodeRlp(batch))]
  const zlib = [
    deflateSync(content),
    deflateSync(content, { level: 0 }),
    compressChannel(contents[1] as Uint8Array, 'zlib'),
  ]
  const brotli = [compressChannel(content, 'brotli', 9), compressChannel(contents[1] as Uint8Array, 'brotli', 3)]
  const frames: Frame[] = [0, 1, 2].map((number) => ({
    channelId: testChannelId(7),
    number,
    data: content.subarray(number * 100, number * 100 + 100),
    isLast: number === 2,
  }))
  const payloads = [encodeBatcherTx(frames), encodeBatcherTx(frames.slice(0, 1))]
  const calldata = tryFixture<{ input: { calldata: Hex } }>(
    'derivation/batcher-calldata-op-sepolia-delta-span-84-blocks.json',
  )
  if (calldata) {
    payloads.push(hexToBytes(calldata.input.calldata))
    zlib.push(Uint8Array.from(decodeFrames(hexToBytes(calldata.input.calldata))[0]?.data ?? []))
  }
  const blobs = [encodeBlob(payloads[0] as Uint8Array), encodeBlob(new Uint8Array(130_044).fill(0xa5))]
  return [
    bytesTarget('frame', payloads, decodeFrames),
    bytesTarget('try-frame', payloads, tryDecodeFrames, { expects: noErrors }),
    blobTarget('blob', blobs, decodeBlob, codedErrors),
    blobTarget('try-blob', blobs, tryDecodeBlob, noErrors),
    bytesTarget('uvarint', [Uint8Array.of(0x80, 0x80, 1), Uint8Array.of(...Array(9).fill(255), 1)], (bytes) =>
      decodeUvarint(bytes),
    ),
    bytesTarget('singular-batch', singulars, decodeSingularBatch),
    bytesTarget('span-batch', spans, readSpan),
    bytesTarget('channel-zlib', zlib, readAll, { expects: noErrors }),
    bytesTarget('channel-brotli', brotli, readAll, { expects: noErrors }),
    bytesTarget('channel-content', contents, readAll, {
      expects: noErrors,
      wrap: (bytes) => concatBytes(Uint8Array.of(0x78, 0x01), deflateRawSync(bytes, { level: 0 }), new Uint8Array(4)),
    }),
  ]
}
