import { concatBytes, encodeBatcherTx, encodeFrame, type Frame } from '@keelson/protocol'
import { testChannelId } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { drain, fedStage, l1Chain, shown, stageConfig, testContext } from '../../testing/index.ts'
import { frameQueue } from './frameQueue.ts'
import type { BatcherPayload } from './l1Retrieval.ts'
import { pruneFrames } from './pruneFrames.ts'

/** `A0` is frame 0 of channel A, `A1.` its frame 1 that closes it. */
function frame(text: string): Frame {
  const isLast = text.endsWith('.')
  const number = Number.parseInt(text.slice(1), 10)
  return { channelId: testChannelId(text.charCodeAt(0)), number, data: new Uint8Array(3), isLast }
}
const frames = (text: string) => text.split(' ').filter(Boolean).map(frame)
const text = ({ channelId, number, isLast }: Frame) =>
  `${String.fromCharCode(Number(channelId))}${number}${isLast ? '.' : ''}`
const payload = (list: string): BatcherPayload => ({ bytes: encodeBatcherTx(frames(list)), txIndex: 0 })

async function queue(fork: 'granite' | 'holocene', ...payloads: BatcherPayload[]) {
  const [origin] = l1Chain(1)
  if (!origin) throw new Error('no chain')
  const ctx = testContext(stageConfig(fork), origin)
  const given = await drain(frameQueue(ctx, fedStage(...payloads)))
  return { given: given.map(text).join(' '), verdicts: shown(ctx.verdicts) }
}

describe('frame queue', () => {
  it('[DER-068] gives the frames of one payload after the other, as they stand in it', async () => {
    const { given } = await queue('granite', payload('B1 A0 B0.'), payload('A1.'))
    expect(given).toBe('B1 A0 B0. A1.')
  })

  it('[DER-046] skips an empty payload without calling it bad', async () => {
    const { given, verdicts } = await queue('granite', { bytes: new Uint8Array(0), txIndex: 0 }, payload('A0.'))
    expect(given).toBe('A0.')
    expect(verdicts).toEqual(['DER-046 past', 'DER-059 accepted'])
  })

  it('[DER-061] [DER-065] drops a payload whole for one bad frame, and no other payload', async () => {
    const bad = encodeBatcherTx(frames('A0 A1.'))
    bad[bad.length - 1] = 2
    const { given, verdicts } = await queue('granite', { bytes: bad, txIndex: 0 }, payload('B0.'))
    expect(given).toBe('B0.')
    expect(verdicts).toEqual(['DER-065 dropped', 'DER-059 accepted'])
  })

  it('[DER-060] [DER-062] drops payloads of another version, and bytes left over', async () => {
    const altDa = concatBytes(Uint8Array.of(1), encodeFrame(frame('A0.')))
    const rest = concatBytes(encodeBatcherTx(frames('A0.')), Uint8Array.of(7))
    const { given, verdicts } = await queue('granite', { bytes: altDa, txIndex: 0 }, { bytes: rest, txIndex: 1 })
    expect(given).toBe('')
    expect(verdicts).toEqual(['DER-060 dropped', 'DER-063 dropped'])
  })

  it('prunes from Holocene on, not before', async () => {
    expect((await queue('granite', payload('A0 B1 A1.'))).given).toBe('A0 B1 A1.')
    expect(await queue('holocene', payload('A0 B1 A1.'))).toEqual({
      given: 'A0 A1.',
      verdicts: ['DER-059 accepted', 'DER-090 dropped'],
    })
  })
})

describe('Holocene frame order', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['[DER-088] a gap drops the frame after it', 'A0 A2 A1.', 'A0 A1.', 'DER-088'],
    ['[DER-088] a repeated frame is dropped', 'A0 A1 A1 A2.', 'A0 A1 A2.', 'DER-088'],
    ['[DER-089] nothing follows a closing frame in its channel', 'A0 A1. A2', 'A0 A1.', 'DER-089'],
    ['[DER-090] a later frame of another channel is dropped', 'A0 B1 A1.', 'A0 A1.', 'DER-090'],
    ['[DER-090] also after a closed channel', 'A0. B1 B2.', 'A0.', 'DER-090 DER-090'],
    ['[DER-091] a first frame drops the channel left open before it', 'A0 A1 B0 B1.', 'B0 B1.', 'DER-091 DER-091'],
    ['[DER-091] of the same channel too', 'A0 A1 A0 A1.', 'A0 A1.', 'DER-091 DER-091'],
    ['[DER-091] but not a closed one', 'A0 A1. B0.', 'A0 A1. B0.', ''],
    ['[DER-091] nor a closed one of the same id further back', 'A0. A0 B0.', 'A0. B0.', 'DER-091'],
    ['[DER-092] the very first frame is not judged: it may go on with the open channel', 'A7 A8.', 'A7 A8.', ''],
    ['[DER-091] a first frame drops a continuation left open', 'A7 A8 B0.', 'B0.', 'DER-091 DER-091'],
  ]
  it.each(cases)('%s', (_, given, kept, rules) => {
    const result = pruneFrames(frames(given))
    expect(result.kept.map(text).join(' ')).toBe(kept)
    expect(result.pruned.map(({ rule }) => rule).join(' ')).toBe(rules)
  })

  it('[DER-092] judges each payload by itself: the queue is empty when the next is loaded', async () => {
    expect((await queue('holocene', payload('A0'), payload('A2'), payload('A1.'))).given).toBe('A0 A2 A1.')
  })
})
