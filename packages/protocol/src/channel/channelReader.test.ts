import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { brotliCompressSync, constants, createBrotliCompress, deflateRawSync, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TEST_CHAIN, testBatch, testTx } from '../../testing/batches.ts'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '../../testing/fixtures.ts'
import { bytesEqual, bytesToHex, concatBytes, hexToBytes } from '../bytes.ts'
import type { Hex } from '../primitives.ts'
import { encodeRlp } from '../rlp.ts'
import { BrotliReader } from './brotli/brotliReader.ts'
import { ByteSink } from './byteSink.ts'
import { ChannelError } from './channelError.ts'
import {
  type ChannelBatch,
  type ChannelBatches,
  type ChannelReaderOptions,
  readChannelBatches,
} from './channelReader.ts'
import { compressChannel } from './compress.ts'
import { encodeSingularBatch, type SingularBatch } from './singularBatch.ts'
import { encodeSpanBatch } from './spanBatchBuilder.ts'

const OPTIONS: ChannelReaderOptions = { maxRlpBytes: 10_000_000, brotliAllowed: true }

const batchAt = (timestamp: bigint, size = 0): SingularBatch =>
  testBatch({ timestamp, transactions: size === 0 ? [] : [testTx({ input: noise(size, Number(timestamp)) })] })

/** Bytes that do not compress. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed * 2_654_435_761 + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

const content = (...batches: SingularBatch[]) =>
  concatBytes(...batches.map((batch) => encodeRlp(encodeSingularBatch(batch))))
const three = content(batchAt(1n), batchAt(2n), batchAt(3n))

/** Timestamps of the batches read. */
const read = (channel: Uint8Array, options: Partial<ChannelReaderOptions> = {}) => {
  const batches = readChannelBatches(channel, { ...OPTIONS, ...options })
  const timestamps = [...batches].map(({ type, batch }) => (type === 'singular' ? batch.timestamp : batch.relTimestamp))
  return { timestamps, end: endOf(batches), batches }
}

const endOf = ({ end }: ChannelBatches) =>
  end instanceof ChannelError ? `${end.fault.code} ${end.fault.data.rule}` : end

describe('channel compression', () => {
  it('[DER-100] is zlib around one RLP string per batch', () => {
    for (const level of [0, 1, 6, 9]) {
      expect(read(deflateSync(three, { level }))).toMatchObject({ timestamps: [1n, 2n, 3n], end: 'complete' })
    }
    // One string around all batches, as the pseudocode of the specification reads, is no batch.
    expect(read(deflateSync(encodeRlp(three)))).toMatchObject({ timestamps: [], end: 'unknownBatchType DER-109' })
  })

  it('[DER-100] takes no dictionary', () => {
    const dictionary = Buffer.from(three)
    expect(read(deflateSync(three, { dictionary })).end).toBe('corruptStream DER-100')
  })

  it('[DER-101] [DER-103] is undecodable with another first byte', () => {
    for (const first of [0, 2, 3, 0x11, 0xff, 0x0f]) {
      const { timestamps, end } = read(concatBytes(Uint8Array.of(first), deflateSync(three).subarray(1)))
      expect(timestamps).toEqual([])
      expect(end).not.toBe('complete')
    }
    expect(read(Uint8Array.of(2)).end).toBe('unknownCompression DER-103')
    expect(read(Uint8Array.of(0x11)).end).toBe('unknownCompression DER-103')
  })

  it('[DER-102] is zlib when the low nibble of the first byte is 8 or 15, whatever follows', () => {
    expect(read(Uint8Array.of(0x7f, 1)).end).toBe('corruptStream DER-100')
    expect(read(Uint8Array.of(0x88, 0x1c)).end).toBe('corruptStream DER-100')
    expect(read(deflateSync(three, { windowBits: 9 })).timestamps).toEqual([1n, 2n, 3n])
  })

  it('[DER-103] [BAT-015] is brotli after the version byte 1', () => {
    const channel = compressChannel(three, 'brotli', 10)
    expect(channel[0]).toBe(1)
    expect(read(channel)).toMatchObject({ timestamps: [1n, 2n, 3n], end: 'complete' })
    expect(read(channel).batches.compression).toBe('brotli')
    expect(read(brotliCompressSync(three)).timestamps).toEqual([])
  })

  it('[DER-104] [DER-101] is not brotli before Fjord', () => {
    const channel = compressChannel(three, 'brotli')
    expect(read(channel, { brotliAllowed: false })).toMatchObject({ timestamps: [], end: 'brotliBeforeFjord DER-104' })
  })

  it('[DER-108] gives nothing for an empty channel', () => {
    expect(read(new Uint8Array(0))).toMatchObject({ timestamps: [], end: 'emptyChannel DER-108' })
    for (const algorithm of ['zlib', 'brotli'] as const) {
      expect(read(compressChannel(new Uint8Array(0), algorithm))).toMatchObject({ timestamps: [], end: 'complete' })
    }
  })
})

describe.each(['zlib', 'brotli'] as const)('channel content in %s', (algorithm) => {
  const pack = (bytes: Uint8Array) => compressChannel(bytes, algorithm, 5)
  const sizeOf = (batch: SingularBatch) => content(batch).length

  it('[DER-105] [DER-013] is clipped at the limit: what fits whole is kept, up to the last byte', () => {
    const [first, second] = [batchAt(1n, 300), batchAt(2n, 500)]
    const channel = pack(content(first, second, batchAt(3n)))
    const both = sizeOf(first) + sizeOf(second)
    expect(read(channel, { maxRlpBytes: both }).timestamps).toEqual([1n, 2n])
    expect(read(channel, { maxRlpBytes: both }).end).toBe('clipped DER-105')
    expect(read(channel, { maxRlpBytes: both - 1 })).toMatchObject({ timestamps: [1n], end: 'batchTooLarge DER-105' })
    expect(read(channel, { maxRlpBytes: sizeOf(first) - 1 }).timestamps).toEqual([])
    expect(read(channel, { maxRlpBytes: both + 1 }).timestamps).toEqual([1n, 2n])
    const exact = pack(content(first, second))
    expect(read(exact, { maxRlpBytes: both })).toMatchObject({ timestamps: [1n, 2n], end: 'complete' })
  })

  it('[DER-105] is not rejected for what lies beyond the limit', () => {
    const channel = pack(concatBytes(three, new Uint8Array(1_000_000)))
    expect(read(channel, { maxRlpBytes: three.length }).timestamps).toEqual([1n, 2n, 3n])
  })

  it('[DER-106] keeps the batches before the point where the stream is cut short', () => {
    const list = [batchAt(1n, 3_000), batchAt(2n, 3_000), batchAt(3n, 3_000), batchAt(4n, 3_000)]
    const channel = pack(content(...list))
    const seen = new Set<number>()
    for (let length = 1; length < channel.length; length += 37) {
      const { timestamps, end } = read(channel.subarray(0, length))
      expect(timestamps).toEqual([1n, 2n, 3n, 4n].slice(0, timestamps.length))
      expect(end, `${length} bytes`).toMatch(/DER-106/)
      seen.add(timestamps.length)
    }
    // The last bytes of a zlib stream are a checksum that covers what was already read.
    expect([...seen].sort()).toEqual(algorithm === 'zlib' ? [0, 1, 2, 3, 4] : [0, 1, 2, 3])
  })

  it('[DER-106] keeps every batch when only the end of the stream is missing', () => {
    // Brotli: an empty last block of its own, as a flush before the end leaves it.
    const flushed = brotliCompressSync(three, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
    const channel = algorithm === 'zlib' ? pack(three).slice(0, -1) : concatBytes(Uint8Array.of(1), flushed)
    expect(read(channel)).toMatchObject({ timestamps: [1n, 2n, 3n], end: 'truncatedStream DER-106' })
  })

  it('[DER-106] tells whether the cut cost a batch', () => {
    const finished = pack(content(batchAt(1n, 3_000), batchAt(2n, 3_000)))
    const { batches } = read(finished.subarray(0, finished.length - 1_000))
    expect(batches.end).toMatchObject({ fault: { code: 'truncatedStream', data: { inBatch: true } } })
    const flushed =
      algorithm === 'zlib'
        ? pack(three).slice(0, -1)
        : brotliCompressSync(three, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
    const unfinished = algorithm === 'zlib' ? flushed : concatBytes(Uint8Array.of(1), flushed)
    expect(read(unfinished).batches.end).toMatchObject({ fault: { data: { inBatch: false } } })
  })

  it('[DER-107] keeps the batches before data that is no RLP string', () => {
    const first = content(batchAt(1n))
    const rest = content(batchAt(2n))
    const broken: [string, Uint8Array][] = [
      ['badBatchRlp DER-107', Uint8Array.of(0xc0)],
      ['badBatchRlp DER-107', Uint8Array.of(0xf8, 60)],
      ['badBatchRlp DER-107', Uint8Array.of(0x81, 0x05)],
      ['badBatchRlp DER-107', Uint8Array.of(0xb8, 0x05)],
      ['badBatchRlp DER-107', Uint8Array.of(0xb9, 0x00, 0xff)],
      ['batchTooLarge DER-105', Uint8Array.of(0xbf, 255, 255, 255, 255, 255, 255, 255, 255)],
      ['batchTooLarge DER-105', Uint8Array.of(0xbb, 0x7f, 0xff, 0xff, 0xff)],
      ['emptyBatch DER-109', Uint8Array.of(0x80)],
      ['badSingularBatch DER-115', Uint8Array.of(0x00)],
      ['unknownBatchType DER-109', Uint8Array.of(0x02)],
    ]
    for (const [end, bytes] of broken) {
      expect(read(pack(concatBytes(first, bytes, rest)))).toMatchObject({ timestamps: [1n], end })
    }
  })

  it('[DER-107] takes a string of 55 bytes with the short header, and one of 56 with the long one', () => {
    for (const length of [55, 56]) {
      const string = encodeRlp(new Uint8Array(length).fill(9))
      expect(string.length - length).toBe(length - 54)
      expect(read(deflateSync(string)).end).toBe('unknownBatchType DER-109')
    }
    // 55 in the long form is not in shortest form; a byte from 0x80 on has a header, one below it must not.
    expect(read(deflateSync(Uint8Array.of(0xb8, 55, ...new Uint8Array(55)))).end).toBe('badBatchRlp DER-107')
    expect(read(deflateSync(Uint8Array.of(0x81, 0x80))).end).toBe('unknownBatchType DER-109')
    expect(read(deflateSync(Uint8Array.of(0x81, 0x7f))).end).toBe('badBatchRlp DER-107')
  })

  it('[DER-105] is at its limit before the header of a batch that begins there', () => {
    expect(read(deflateSync(three), { maxRlpBytes: three.length }).end).toBe('complete')
    const more = deflateSync(concatBytes(three, Uint8Array.of(0)))
    expect(read(more, { maxRlpBytes: three.length })).toMatchObject({
      timestamps: [1n, 2n, 3n],
      end: 'clipped DER-105',
    })
  })

  it('[DER-107] keeps the batches before one that is cut short', () => {
    const whole = content(batchAt(1n), batchAt(2n))
    for (const missing of [1, 30, whole.length / 2 - 1]) {
      expect(read(pack(whole.subarray(0, whole.length - missing)))).toMatchObject({ timestamps: [1n] })
    }
  })

  it('[DER-109] [DER-112] ends with a batch of unknown version or malformed content; what follows is lost', () => {
    for (const bad of [Uint8Array.of(2, 1, 2, 3), Uint8Array.of(0, 0xc1, 1), Uint8Array.of(1, 1, 2, 3)]) {
      const { timestamps, end } = read(pack(concatBytes(content(batchAt(1n)), encodeRlp(bad), content(batchAt(2n)))))
      expect(timestamps).toEqual([1n])
      expect(end).toMatch(/^(unknownBatchType|badSingularBatch|badSpanBatch) /)
    }
  })

  it('[DER-112] goes on after a span whose transactions cannot be rebuilt: that batch alone is skipped', () => {
    const span = encodeSpanBatch(
      [testBatch({ transactions: [testTx({ input: Uint8Array.of(0xaa, 0xbb, 0xcc) })] })],
      TEST_CHAIN,
      0n,
    )
    const at = span.findIndex((byte, i) => byte === 0xaa && span[i + 1] === 0xbb)
    span[at - 1] = 0xc3 // The input becomes a list.
    expect(read(pack(concatBytes(encodeRlp(span), content(batchAt(2n)))))).toMatchObject({
      timestamps: [100n, 2n],
      end: 'complete',
    })
  })

  it('[DER-110] ignores bytes after a batch inside its string', () => {
    const padded = encodeRlp(concatBytes(encodeSingularBatch(batchAt(1n)), Uint8Array.of(1, 2, 3)))
    expect(read(pack(concatBytes(padded, content(batchAt(2n)))))).toMatchObject({
      timestamps: [1n, 2n],
      end: 'complete',
    })
  })

  it('[DER-111] is decoded one batch at a time, in the order of the stream', () => {
    const batches = readChannelBatches(pack(three), OPTIONS)
    expect(batches.next()).toMatchObject({ type: 'singular', batch: { timestamp: 1n }, at: 2 })
    expect(batches.bytesRead).toBe(three.length / 3)
    expect(batches.end).toBeNull()
    expect(batches.next()?.batch).toMatchObject({ timestamp: 2n })
    expect(batches.next()?.batch).toMatchObject({ timestamp: 3n })
    expect([batches.next(), batches.end, batches.next()]).toEqual([null, 'complete', null])
  })

  it('ignores bytes after the stream', () => {
    expect(read(concatBytes(pack(three), new Uint8Array(100).fill(0x55))).timestamps).toEqual([1n, 2n, 3n])
  })

  it('reads batches larger than any window', () => {
    const list = [batchAt(1n, 200_000), batchAt(2n), batchAt(3n, 5_000_000), batchAt(4n)]
    const channel = pack(content(...list))
    const sizes = (bytes: Uint8Array) => [...readChannelBatches(bytes, OPTIONS)].map(({ size }) => size)
    const whole = list.map((batch) => encodeSingularBatch(batch).length)
    expect(sizes(channel)).toEqual(whole)
    expect(sizes(channel.subarray(0, channel.length - 5))).toEqual(algorithm === 'zlib' ? whole : whole.slice(0, 3))
    const third = [...readChannelBatches(channel, OPTIONS)][2] as ChannelBatch
    const expected = encodeRlp(encodeSingularBatch(list[2] as SingularBatch))
    expect(third.type === 'singular' && bytesEqual(encodeRlp(encodeSingularBatch(third.batch)), expected)).toBe(true)
  })

  it('never throws, whatever the bytes', () => {
    const channel = pack(content(batchAt(1n, 100), batchAt(2n, 100)))
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(changes, (list) => {
        const copy = channel.slice()
        for (const [at, value] of list) copy[at % copy.length] = value
        const { batches } = read(copy)
        expect(batches.end).not.toBeNull()
      }),
      { numRuns: 300 },
    )
  })
})

describe('zlib checksum', () => {
  const channel = deflateSync(three)
  const wrong = Uint8Array.from(channel)
  wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1

  it('[DER-106] ends the channel after the batches that it covers', () => {
    expect(read(channel).end).toBe('complete')
    expect(read(wrong)).toMatchObject({ timestamps: [1n, 2n, 3n], end: 'badChecksum DER-106' })
    expect(read(channel.subarray(0, channel.length - 2))).toMatchObject({
      timestamps: [1n, 2n, 3n],
      end: 'truncatedStream DER-106',
    })
  })

  it('[DER-106] keeps the batches before a corrupt block', () => {
    const good = deflateRawSync(content(batchAt(1n, 400), batchAt(2n, 400)), { finishFlush: constants.Z_FULL_FLUSH })
    const corrupt = concatBytes(Uint8Array.of(0x78, 0x9c), good, Uint8Array.of(0x07, 1, 2, 3, 4, 5, 6, 7))
    expect(read(corrupt)).toMatchObject({ timestamps: [1n, 2n], end: 'corruptStream DER-106' })
  })
})

/**
 * A batch is read through a buffer of 4096 bytes, but for the rest of a large one: that is lost in op-node when the read
 * that brings its last bytes brings the error too.
 */
describe('an error that comes with the last bytes of a batch', () => {
  const small = content(batchAt(1n), batchAt(2n, 1_000))
  const large = content(batchAt(1n), batchAt(2n, 10_000))
  const flippedSum = (channel: Uint8Array) => channel.map((byte, i) => (i === channel.length - 1 ? byte ^ 1 : byte))

  it('[DER-106] costs that batch when it is large', () => {
    expect(read(flippedSum(deflateSync(large)))).toMatchObject({ timestamps: [1n], end: 'badChecksum DER-106' })
    expect(read(deflateSync(large).subarray(0, -1))).toMatchObject({ timestamps: [1n], end: 'truncatedStream DER-106' })
    const excessive = concatBytes(compressChannel(large, 'brotli'), Uint8Array.of(0))
    expect(read(excessive)).toMatchObject({ timestamps: [1n], end: 'corruptStream DER-106' })
  })

  it('[DER-106] costs nothing when the batch is small, or another one follows', () => {
    expect(read(flippedSum(deflateSync(small))).timestamps).toEqual([1n, 2n])
    expect(read(concatBytes(compressChannel(small, 'brotli'), Uint8Array.of(0))).timestamps).toEqual([1n, 2n])
    const followed = concatBytes(large, content(batchAt(3n)))
    expect(read(flippedSum(deflateSync(followed))).timestamps).toEqual([1n, 2n, 3n])
    expect(read(concatBytes(compressChannel(followed, 'brotli'), Uint8Array.of(0))).timestamps).toEqual([1n, 2n, 3n])
  })
})

/** 1 MB or less that unfolds to 1 GB. */
async function bomb(algorithm: 'zlib' | 'brotli', prefix: Uint8Array): Promise<Uint8Array> {
  const block = new Uint8Array(1 << 20)
  if (algorithm === 'brotli') {
    const stream = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
    const zeros = function* () {
      yield prefix
      for (let i = 0; i < 954; i++) yield block
    }
    return concatBytes(Uint8Array.of(1), await buffer(Readable.from(zeros()).pipe(stream)))
  }
  const head = deflateRawSync(prefix, { finishFlush: constants.Z_FULL_FLUSH })
  const unit = deflateRawSync(block, { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  return concatBytes(Uint8Array.of(0x78, 0xda), head, ...Array.from({ length: 954 }, () => unit), Uint8Array.of(3, 0))
}

describe.each(['zlib', 'brotli'] as const)('a %s bomb', (algorithm) => {
  const prefixes: [string, Uint8Array][] = [
    ['of zeros', new Uint8Array(0)],
    ['in one huge batch', concatBytes(content(batchAt(1n)), Uint8Array.of(0xbb, 0x05, 0xf5, 0x00, 0x00, 0))],
  ]
  for (const [name, prefix] of prefixes) {
    it(`[DER-105] [DER-014] ${name} is clipped in bounded memory`, { timeout: 120_000 }, async () => {
      const channel = await bomb(algorithm, prefix)
      expect(channel.length).toBeLessThan(1_100_000)
      const limit = 100_000_000
      const before = process.resourceUsage().maxRSS
      const start = process.threadCpuUsage()
      const { timestamps, end, batches } = read(channel, { maxRlpBytes: limit })
      const { user, system } = process.threadCpuUsage(start)
      const ms = (user + system) / 1_000
      const peakKiB = process.resourceUsage().maxRSS - before
      expect(timestamps).toEqual(prefix.length === 0 ? [] : [1n])
      expect(end).not.toBe('complete')
      expect(batches.bytesRead).toBeLessThanOrEqual(limit)
      expect(peakKiB * 1024).toBeLessThan(limit + 64 * 1024 * 1024)
      expect(ms / (channel.length / 1000)).toBeLessThan(20)
    })
  }
})

type BrotliVector = { name: string; input: { compressed: Hex }; expected: { decompressed: Hex } }

describe.skipIf(!fixtureFolder())(`vectors/brotli.json (${FIXTURES_ABSENT} otherwise)`, () => {
  const { vectors } = fixtureFolder()
    ? readFixture<{ vectors: BrotliVector[] }>('vectors/brotli.json')
    : { vectors: [] }
  for (const { name, input, expected } of vectors) {
    it(`[DER-103] ${name}`, () => {
      const reader = new BrotliReader(hexToBytes(input.compressed))
      const sink = new ByteSink()
      while (reader.end === null) reader.read(sink, 4_096)
      expect([bytesToHex(sink.bytes), reader.end]).toEqual([expected.decompressed, 'complete'])
    })
  }
})
