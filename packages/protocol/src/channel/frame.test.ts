import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testChannelId } from '../../testing/batches.ts'
import { concatBytes } from '../bytes.ts'
import { ChannelError } from './channelError.ts'
import { decodeFrame, decodeFrames, encodeBatcherTx, encodeFrame, type Frame, tryDecodeFrames } from './frame.ts'

const frame = (fields: Partial<Frame> = {}): Frame => ({
  channelId: testChannelId(1),
  number: 0,
  data: Uint8Array.of(1, 2, 3),
  isLast: true,
  ...fields,
})

const faultOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    if (error instanceof ChannelError) return error.fault
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('batcher payload', () => {
  it('[DER-059] [BAT-006] is a version byte and frames in order', () => {
    const frames = [frame(), frame({ number: 1, data: Uint8Array.of(9) }), frame({ channelId: testChannelId(2) })]
    const payload = encodeBatcherTx(frames)
    expect(payload[0]).toBe(0)
    expect(tryDecodeFrames(payload)).toEqual(frames)
  })

  it('[DER-060] is ignored with version 1 (alt-DA) and any other version', () => {
    for (const version of [1, 2, 0x78, 255]) {
      const payload = encodeBatcherTx([frame()])
      payload[0] = version
      expect(tryDecodeFrames(payload)).toBeNull()
      expect(faultOf(() => decodeFrames(payload))).toEqual({
        code: 'unknownPayloadVersion',
        data: { at: 0, rule: 'DER-060', version },
      })
    }
  })

  it('[DER-061] is void as a whole when one frame of it is malformed', () => {
    const payload = encodeBatcherTx([frame(), frame({ number: 1 }), frame({ number: 2 })])
    const second = 1 + 26
    payload[second + 25] = 7
    expect(tryDecodeFrames(payload)).toBeNull()
    expect(faultOf(() => decodeFrames(payload))).toEqual({
      code: 'badIsLast',
      data: { at: second + 25, rule: 'DER-065', value: 7 },
    })
  })

  it('[DER-062] is rejected without a frame, and with bytes left that are no frame', () => {
    expect(tryDecodeFrames(new Uint8Array(0))).toBeNull()
    expect(tryDecodeFrames(Uint8Array.of(0))).toBeNull()
    const payload = encodeBatcherTx([frame()])
    for (const extra of [1, 15, 22]) {
      expect(tryDecodeFrames(concatBytes(payload, new Uint8Array(extra)))).toBeNull()
    }
    expect(tryDecodeFrames(concatBytes(payload, new Uint8Array(23)))).toHaveLength(2)
  })

  it('[DER-063] [DER-062] is rejected at every length but its own', () => {
    const payload = encodeBatcherTx([frame(), frame({ number: 1, data: new Uint8Array(40) })])
    const whole = new Set([1 + 26, payload.length])
    for (let length = 0; length <= payload.length; length++) {
      expect(tryDecodeFrames(payload.subarray(0, length)) !== null, `${length} bytes`).toBe(whole.has(length))
    }
  })
})

describe('frame', () => {
  it('[DER-063] is id, number, length, data, is_last', () => {
    const bytes = encodeFrame(frame({ number: 0x1234 }))
    expect(Array.from(bytes)).toEqual([...Array(15).fill(0), 1, 0x12, 0x34, 0, 0, 0, 3, 1, 2, 3, 1])
    expect(decodeFrame(bytes)).toEqual({ frame: frame({ number: 0x1234 }), end: 26 })
  })

  it('reads data as a view', () => {
    const bytes = encodeFrame(frame())
    expect(decodeFrame(bytes).frame.data.buffer).toBe(bytes.buffer)
  })

  it('[DER-064] [DER-020] [BAT-007] carries 1,000,000 bytes and not one more', () => {
    const largest = frame({ data: new Uint8Array(1_000_000) })
    const bytes = encodeFrame(largest)
    expect(decodeFrame(bytes).frame.data.length).toBe(1_000_000)
    const larger = concatBytes(bytes.subarray(0, bytes.length - 1), new Uint8Array(2))
    larger[21] = (larger[21] as number) + 1
    expect(faultOf(() => decodeFrame(larger)).code).toBe('frameTooLarge')
    expect(faultOf(() => encodeFrame(frame({ data: new Uint8Array(1_000_001) }))).code).toBe('badFrame')
  })

  it('[DER-065] ends with 0 or 1; any other byte makes it, and its payload, invalid', () => {
    const payload = encodeBatcherTx([frame()])
    for (let value = 0; value < 256; value++) {
      payload[payload.length - 1] = value
      expect(tryDecodeFrames(payload)?.[0]?.isLast ?? null).toBe(value > 1 ? null : value === 1)
    }
  })

  it('[DER-066] may have no data', () => {
    const empty = frame({ data: new Uint8Array(0) })
    expect(tryDecodeFrames(encodeBatcherTx([empty]))).toEqual([empty])
  })

  it('[DER-067] takes any 16 bytes as channel id', () => {
    for (const channelId of [testChannelId(0), `0x${'ff'.repeat(16)}` as const]) {
      expect(tryDecodeFrames(encodeBatcherTx([frame({ channelId })]))?.[0]?.channelId).toBe(channelId)
    }
  })

  it('refuses to write what the format cannot hold', () => {
    for (const bad of [frame({ number: 65_536 }), frame({ number: -1 }), frame({ channelId: '0x01' })]) {
      expect(faultOf(() => encodeFrame(bad)).code).toBe('badFrame')
    }
    expect(faultOf(() => encodeBatcherTx([])).code).toBe('noFrames')
  })

  it('[DER-063] comes back as it was written', () => {
    const frames = fc.record({
      channelId: fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((id) => `0x${Buffer.from(id).toString('hex')}` as const),
      number: fc.integer({ min: 0, max: 65_535 }),
      data: fc.uint8Array({ maxLength: 300 }),
      isLast: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(frames, { minLength: 1, maxLength: 8 }), (list) => {
        expect(decodeFrames(encodeBatcherTx(list))).toEqual(list)
      }),
    )
  })
})
