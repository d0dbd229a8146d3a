import type { Frame, L1BlockRef, RollupConfig } from '@keelson/protocol'
import { testChannelId } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { baseAt, drain, fedStage, l1Chain, shown, stageConfig, testContext, withForks } from '../../testing/index.ts'
import { MAX_CHANNEL_BANK_SIZE } from '../constants.ts'
import type { RawChannel } from './channel.ts'
import { channelAssembler } from './channelAssembler.ts'
import { channelBank } from './channelBank.ts'

const id = (name: string) => testChannelId(name.charCodeAt(0))
const name = ({ id: channelId }: RawChannel) => String.fromCharCode(Number(channelId))
const content = ({ data }: RawChannel) => String.fromCharCode(...data.subarray(0, 12))

/** `A0` is frame 0 of channel A, `A1.` its closing frame 1; its data says which it is. */
function frame(text: string, data?: Uint8Array): Frame {
  const number = Number.parseInt(text.slice(1), 10)
  const own = Uint8Array.from(text.replace('.', ''), (char) => char.charCodeAt(0))
  return { channelId: id(text.slice(0, 1)), number, data: data ?? own, isLast: text.endsWith('.') }
}
const frames = (text: string) =>
  text
    .split(' ')
    .filter(Boolean)
    .map((part) => frame(part))

/** A stage that reads frames, put onto L1 blocks one after another. */
function setUp(make: typeof channelBank | typeof channelAssembler, config: RollupConfig) {
  const chain = l1Chain(70)
  const ctx = testContext(config, chain[0] as L1BlockRef)
  const fed = fedStage<Frame>()
  const stage = make(ctx, fed)
  return {
    ctx,
    chain,
    fed,
    stage,
    /** Feeds frames in the L1 block `block`, gives the channels read. */
    async at(block: number, list: string | Frame[]): Promise<string> {
      ctx.origin = chain[block] as L1BlockRef
      fed.items.push(...(typeof list === 'string' ? frames(list) : list))
      return (await drain(stage)).map((channel) => `${name(channel)}=${content(channel)}`).join(' ')
    },
    dropped: () =>
      shown(ctx.verdicts.filter((v) => v.outcome === 'dropped'))
        .map((text) => text.slice(0, 7))
        .join(' '),
  }
}

const bank = (fork: Parameters<typeof stageConfig>[0] = 'fjord') => setUp(channelBank, stageConfig(fork))

describe('channel bank', () => {
  it('[DER-076] [DER-079] [DER-085] takes frames in any order, and joins them by number when all are there', async () => {
    const { at } = bank()
    expect(await at(0, 'A2.')).toBe('')
    expect(await at(1, 'B0 A0')).toBe('')
    expect(await at(2, 'A1 B1.')).toBe('A=A0A1A2 B=B0B1')
  })

  it('[DER-069] keeps channels in the order of their first frames', async () => {
    const { at } = bank('regolith')
    expect(await at(0, 'A0 B0. A1.')).toBe('A=A0A1 B=B0')
  })

  it('[DER-069] opens a channel at the L1 block of its first frame', async () => {
    const { at, ctx } = bank()
    await at(3, 'A0')
    expect(await at(4, 'A1.')).toBe('A=A0A1')
    expect(ctx.verdicts.find((v) => v.subject === 'channel')).toMatchObject({ openBlock: 103n, frameCount: 2 })
  })

  it('[DER-018] [DER-070] a channel is in time until exactly the timeout after it was opened', async () => {
    const inTime = bank()
    await inTime.at(0, 'A0')
    expect(await inTime.at(5, 'A1.')).toBe('A=A0A1')
    const tooLate = bank()
    await tooLate.at(0, 'A0')
    expect(await tooLate.at(6, 'A1.')).toBe('')
  })

  it('[DER-019] the timeout is 50 from Granite, by the time of the L1 block with the frame', async () => {
    const start = l1Chain(7)[6] as L1BlockRef
    const config = withForks(stageConfig('fjord'), { granite: start.timestamp })
    const before = setUp(channelBank, withForks(config, { granite: start.timestamp + 1n }))
    await before.at(0, 'A0')
    expect(await before.at(6, 'A1.')).toBe('')
    const from = setUp(channelBank, config)
    await from.at(0, 'A0')
    expect(await from.at(6, 'A1.')).toBe('A=A0A1')
    await from.at(7, 'B0')
    expect(await from.at(57, 'B1.')).toBe('B=B0B1')
    await from.at(7, 'C0')
    expect(await from.at(58, 'C1.')).toBe('')
  })

  it('[DER-071] drops a frame of a channel that is timed out but still held', async () => {
    const { at, dropped } = bank()
    await at(0, 'A0 B0')
    // The block at which both time out begins with a read, which drops the heads: so a frame comes right after.
    expect(await at(6, 'B1.')).toBe('')
    expect(dropped()).toBe('DER-081 DER-081')
    const held = bank()
    await held.at(0, 'B0')
    held.ctx.origin = held.chain[6] as L1BlockRef
    // A timeout that shrinks between the read and the frame leaves the channel in place.
    const pull = held.fed.pull.bind(held.fed)
    held.fed.pull = async () => {
      const pulled = await pull()
      if (pulled.status === 'ready') held.ctx.origin = held.chain[6] as L1BlockRef
      return pulled
    }
    held.ctx.origin = held.chain[5] as L1BlockRef
    held.fed.items.push(frame('B1.'))
    expect(await drain(held.stage)).toEqual([])
    expect(held.dropped()).toContain('DER-071')
  })

  it('[DER-072] the first frame of a number wins', async () => {
    const { at, dropped } = bank()
    await at(0, [frame('A0'), frame('A0', Uint8Array.of(33))])
    expect(await at(1, 'A1.')).toBe('A=A0A1')
    expect(dropped()).toBe('DER-072')
  })

  it('[DER-073] a second closing frame is dropped', async () => {
    const { at, dropped } = bank()
    await at(0, 'A2. A1.')
    expect(dropped()).toBe('DER-073')
    expect(await at(1, 'A0 A1')).toBe('A=A0A1A2')
  })

  it('[DER-074] a frame beyond the closing one is dropped', async () => {
    const { at, dropped } = bank()
    await at(0, 'A1. A2')
    expect(dropped()).toBe('DER-074')
    expect(await at(1, 'A0')).toBe('A=A0A1')
  })

  it('[DER-075] a closing frame removes held frames of a higher number, and their size', async () => {
    const { at, ctx } = bank()
    await at(0, 'A3 A2 A1.')
    expect(await at(1, 'A0')).toBe('A=A0A1')
    // 2 frames of 2 bytes and 200 each: the size is exact, unlike op-node's, which differs only at the bank's limit.
    expect(ctx.verdicts.find((v) => v.subject === 'channel')).toMatchObject({ sizeBytes: 404 })
  })

  it('[DER-077] counts 200 bytes for each frame besides its data', async () => {
    const { at, ctx } = bank()
    await at(0, [frame('A0', new Uint8Array(1_000)), frame('A1.', new Uint8Array(0))])
    expect(ctx.verdicts.find((v) => v.subject === 'channel')).toMatchObject({ sizeBytes: 1_400 })
  })

  describe('limits', () => {
    const big = new Uint8Array(1_000_000)
    const fill = (channel: string, count: number) =>
      Array.from({ length: count }, (_, i) => frame(`${channel}${i}`, big))
    const full = MAX_CHANNEL_BANK_SIZE / 1_000_200

    it('[DER-015] [DER-078] drops the oldest channels beyond 100 MB', async () => {
      const { at, dropped } = bank('delta')
      await at(0, [...fill('A', 50), ...fill('B', Math.floor(full) - 50)])
      expect(dropped()).toBe('')
      await at(1, [frame('C0', big)])
      expect(dropped()).toBe('DER-078')
      expect(await at(2, 'A50.')).toBe('')
      expect(await at(2, [frame(`B${Math.floor(full) - 50}.`)])).toMatch(/^B=/)
    })

    it('[DER-015] [DER-077] [DER-078] keeps exactly 100 MB, and not a byte more', async () => {
      const exact = new Uint8Array(999_800)
      const filled = (channel: string) => Array.from({ length: 50 }, (_, i) => frame(`${channel}${i}`, exact))
      const { at, dropped, stage, chain } = bank('delta')
      await at(0, [...filled('A'), ...filled('B')])
      expect(dropped()).toBe('')
      await at(0, 'C0')
      expect(dropped()).toBe('DER-078')
      // What is dropped gives its room back, and so does a reset.
      await at(0, filled('D').slice(1))
      expect(dropped()).toBe('DER-078')
      stage.reset(baseAt(chain[0] as L1BlockRef))
      await at(0, [...filled('A'), ...filled('B')])
      expect(dropped()).toBe('DER-078')
    })

    it('[DER-078] may drop the channel that was just added to', async () => {
      const { at, dropped, ctx } = bank('delta')
      await at(0, fill('A', Math.floor(full) + 1))
      expect(dropped()).toBe('DER-078')
      expect(ctx.verdicts.at(-1)).toMatchObject({ subject: 'channel', channelId: id('A') })
    })

    it('[DER-016] allows 1 GB from Fjord, by the time of the L1 block', async () => {
      const start = l1Chain(2)[1] as L1BlockRef
      const { at, dropped } = setUp(channelBank, withForks(stageConfig('delta'), { fjord: start.timestamp }))
      await at(1, fill('A', 300))
      expect(dropped()).toBe('')
      await at(0, [frame('A300', big)])
      expect(dropped()).toBe('DER-078')
    })
  })

  it('[DER-080] reads a channel before it takes in another frame', async () => {
    const { stage, fed, ctx, chain } = bank()
    ctx.origin = chain[0] as L1BlockRef
    fed.items.push(...frames('A0. B0'))
    expect((await stage.pull()).status).toBe('again')
    expect((await stage.pull()).status).toBe('ready')
    expect(fed.items).toHaveLength(1)
  })

  it('[DER-081] drops timed-out channels at the head until one is not', async () => {
    const { at, dropped } = bank('regolith')
    await at(0, 'A0 B0')
    await at(3, 'C0.')
    expect(await at(6, '')).toBe('C=C0')
    expect(dropped()).toBe('DER-081 DER-081')
  })

  it('[DER-082] before Canyon an unready head holds up the channels behind it', async () => {
    const { at } = bank('regolith')
    expect(await at(0, 'A0 B0.')).toBe('')
    expect(await at(1, 'A1.')).toBe('A=A0A1 B=B0')
  })

  it('[DER-083] from Canyon the first ready channel is read, at once with the first Canyon block', async () => {
    const start = l1Chain(3)[2] as L1BlockRef
    const { at } = setUp(channelBank, withForks(stageConfig('regolith'), { canyon: start.timestamp }))
    expect(await at(1, 'A0 B0. C0.')).toBe('')
    expect(await at(2, '')).toBe('B=B0 C=C0')
  })

  it('[DER-067] [DER-084] a channel read is gone, and its id may be used again', async () => {
    const { at } = bank()
    expect(await at(0, 'A0.')).toBe('A=A0')
    expect(await at(1, [frame('A0.', Uint8Array.of(65))])).toBe('A=A')
  })
})

const assembler = (config: RollupConfig = stageConfig('holocene')) => setUp(channelAssembler, config)

describe('channel assembler', () => {
  it('[DER-098] gives a channel as soon as its closing frame is there', async () => {
    const { at } = assembler()
    expect(await at(0, 'A0')).toBe('')
    expect(await at(1, 'A1. B0.')).toBe('A=A0A1 B=B0')
  })

  it('[DER-093] holds one channel: a first frame starts anew, also with the same id', async () => {
    const { at, dropped } = assembler()
    expect(await at(0, 'A0 B0 A1.')).toBe('')
    expect(await at(1, 'B1.')).toBe('B=B0B1')
    expect(dropped()).toBe('DER-093 DER-094')
    expect(
      await at(2, [frame('C0', Uint8Array.of(67)), frame('C0', Uint8Array.of(68)), frame('C1.', Uint8Array.of(69))]),
    ).toBe('C=DE')
  })

  it('[DER-094] drops frames without, of another, or out of order in the open channel, which stays', async () => {
    const { at, dropped } = assembler()
    expect(await at(0, 'A1')).toBe('')
    expect(await at(1, 'A0 B1 A2 A0')).toBe('')
    expect(await at(2, 'A2 A1.')).toBe('A=A0A1')
    expect(dropped()).toBe('DER-094 DER-094 DER-094 DER-093 DER-094')
  })

  it('[DER-019] [DER-095] drops a channel 51 L1 blocks after it was opened, with its later frames', async () => {
    const inTime = assembler()
    await inTime.at(0, 'A0')
    expect(await inTime.at(50, 'A1.')).toBe('A=A0A1')
    const late = assembler()
    await late.at(0, 'A0')
    expect(await late.at(51, 'A1 A2.')).toBe('')
    expect(late.dropped()).toBe('DER-095 DER-094 DER-094')
    expect(await late.at(52, 'A0.')).toBe('A=A0')
  })

  it('[DER-096] drops a channel whose frames, 200 bytes each included, exceed the limit of its content', async () => {
    const size = (n: number) => new Uint8Array(n)
    const within = assembler()
    const parts = Array.from({ length: 99 }, (_, i) => frame(`A${i}`, size(1_000_000)))
    const last = 100_000_000 - 99 * 1_000_200 - 200
    await within.at(0, parts)
    expect(await within.at(0, [frame('A99.', size(last))])).toMatch(/^A=/)
    const beyond = assembler()
    await beyond.at(0, parts)
    expect(await beyond.at(0, [frame('A99.', size(last + 1))])).toBe('')
    expect(beyond.dropped()).toBe('DER-096')
  })

  it('[DER-097] has no limit over all channels', async () => {
    const { at, dropped } = assembler()
    const big = new Uint8Array(1_000_000)
    for (const channel of ['A', 'B', 'C']) {
      const read = await at(
        0,
        Array.from({ length: 90 }, (_, i) => frame(`${channel}${i}${i === 89 ? '.' : ''}`, big)),
      )
      expect(read).toMatch(/=/)
    }
    expect(dropped()).toBe('')
  })

  it('[DER-099] [DER-225] after a flush, what is still to come of the channel falls away', async () => {
    const { at, stage, dropped } = assembler()
    await at(0, 'A0 A1')
    if (!('flush' in stage)) throw new Error('no flush')
    stage.flush()
    expect(await at(1, 'A2. B0.')).toBe('B=B0')
    expect(dropped()).toBe('DER-225 DER-094')
  })
})
