import {
  compressChannel,
  concatBytes,
  encodeRlp,
  encodeSingularBatch,
  encodeSpanBatch,
  type L1BlockRef,
  type RollupConfig,
} from '@keelson/protocol'
import { testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import {
  batchOn,
  drain,
  fakeHash,
  fedStage,
  l1Chain,
  l2Block,
  shown,
  stageConfig,
  testContext,
  withForks,
} from '../../testing/index.ts'
import type { RawChannel } from './channel.ts'
import { channelReader } from './channelReader.ts'

const chain = l1Chain(3)
const [origin, second] = chain as [L1BlockRef, L1BlockRef]
const parent = l2Block(5n, origin)
const batch = (seconds: bigint) => batchOn(parent, origin, { timestamp: parent.timestamp + seconds })
const singular = (seconds: bigint) => encodeSingularBatch(batch(seconds))

const channel = (...strings: Uint8Array[]): Uint8Array => concatBytes(...strings.map((string) => encodeRlp(string)))
const raw = (data: Uint8Array): RawChannel => ({
  id: '0x00',
  openBlock: 100n,
  frameCount: 1,
  sizeBytes: data.length,
  data,
})
const zlib = (content: Uint8Array) => raw(compressChannel(content, 'zlib'))

async function read(config: RollupConfig, channels: RawChannel[], at: L1BlockRef = origin) {
  const ctx = testContext(config, at)
  const batches = await drain(channelReader(ctx, fedStage(...channels), () => {}))
  const times = batches.map(({ type, batch: { timestamp } }) => `${type} ${timestamp - parent.timestamp}`)
  return { times, verdicts: shown(ctx.verdicts), batches }
}

describe('channel reader', () => {
  it('[DER-111] gives batches one at a time, in the order of the stream', async () => {
    const { times, batches } = await read(stageConfig('granite'), [
      zlib(channel(singular(4n), singular(2n))),
      zlib(channel(singular(6n))),
    ])
    expect(times).toEqual(['singular 4', 'singular 2', 'singular 6'])
    expect(batches.map((each) => each.channel)).toEqual([1, 1, 2])
  })

  it('[DER-108] an empty channel gives nothing, and the next one is read', async () => {
    const { times } = await read(stageConfig('granite'), [raw(new Uint8Array(0)), zlib(channel(singular(2n)))])
    expect(times).toEqual(['singular 2'])
  })

  it('[DER-104] brotli counts from the L1 block at the Fjord time', async () => {
    const packed = raw(compressChannel(channel(singular(2n)), 'brotli'))
    const config = withForks(stageConfig('ecotone'), { fjord: second.timestamp })
    expect(await read(config, [packed], origin)).toMatchObject({ times: [], verdicts: ['DER-104 dropped'] })
    expect((await read(config, [packed], second)).times).toEqual(['singular 2'])
  })

  it('[DER-013] [DER-014] [DER-105] [DER-147] the content is clipped at 10 MB, from the Fjord block at 100 MB', async () => {
    const config = withForks(stageConfig('ecotone'), { fjord: second.timestamp })
    const filler = encodeSingularBatch(batchOn(parent, origin, { transactions: [new Uint8Array(9_999_780)] }))
    const big = [zlib(channel(filler, singular(2n), singular(4n)))]
    const clipped = await read(config, big, origin)
    expect(clipped.times).toEqual(['singular 2', 'singular 2'])
    expect(clipped.verdicts).toEqual(['DER-105 dropped'])
    expect((await read(config, big, second)).times).toEqual(['singular 2', 'singular 2', 'singular 4'])
  })

  it('[DER-113] ignores span batches before Delta, alone', async () => {
    const config = stageConfig('ecotone')
    const span = encodeSpanBatch([batch(2n), batch(4n)], config, 1n)
    const data = [zlib(channel(span, singular(2n)))]
    const before = await read(withForks(stageConfig('canyon'), { delta: second.timestamp }), data, origin)
    expect(before).toMatchObject({ times: ['singular 2'], verdicts: ['DER-113 dropped'] })
    expect((await read(withForks(stageConfig('canyon'), { delta: second.timestamp }), data, second)).times).toEqual([
      'span 2',
      'singular 2',
    ])
  })

  it('[DER-112] a malformed batch ends the channel, a span whose transactions cannot be rebuilt does not', async () => {
    const config = stageConfig('granite')
    const ended = await read(config, [
      zlib(channel(singular(2n), Uint8Array.of(7, 1), singular(4n))),
      zlib(channel(singular(6n))),
    ])
    expect(ended).toMatchObject({ times: ['singular 2', 'singular 6'], verdicts: ['DER-109 dropped'] })

    const tx = testTx({ chainId: config.l2ChainId, type: 2 })
    const span = encodeSpanBatch([{ ...batch(2n), transactions: [tx] }], config, 1n)
    // The list of the transaction's fields becomes one of as many bytes, but of other fields.
    const at = span.findIndex((byte, i) => byte === 2 && (span[i + 1] as number) > 0xc0 && i > 60)
    const broken = Uint8Array.from(span)
    broken.fill(0xc0, at + 2, at + 2 + ((span[at + 1] as number) - 0xc0))
    const skipped = await read(config, [zlib(channel(broken, singular(4n)))])
    expect(skipped.times).toEqual(['singular 4'])
    expect(skipped.verdicts).toHaveLength(1)
  })

  it('[DER-225] a flush goes on with the next channel', async () => {
    const ctx = testContext(stageConfig('holocene'), origin)
    let flushed = 0
    const channels = fedStage(zlib(channel(singular(2n), singular(4n))), zlib(channel(singular(6n))))
    const stage = channelReader(ctx, channels, () => flushed++)
    await stage.pull()
    expect((await stage.pull()).status).toBe('ready')
    stage.flush()
    expect(flushed).toBe(1)
    expect((await drain(stage)).map(({ batch: { timestamp } }) => timestamp - parent.timestamp)).toEqual([6n])
  })

  it('[DER-106] keeps what came before the stream broke off', async () => {
    const noise = Uint8Array.from({ length: 5_000 }, (_, i) => Number.parseInt(fakeHash(`${i}`).slice(2, 4), 16))
    const whole = compressChannel(
      channel(singular(2n), encodeSingularBatch({ ...batch(4n), transactions: [noise] })),
      'zlib',
    )
    const { times, verdicts } = await read(stageConfig('granite'), [raw(whole.subarray(0, whole.length - 1_000))])
    expect({ times, verdicts }).toEqual({ times: ['singular 2'], verdicts: ['DER-106 dropped'] })
  })
})
