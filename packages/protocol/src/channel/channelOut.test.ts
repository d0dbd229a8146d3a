import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TEST_CHAIN, testBatch, testChannelId, testTx } from '../../testing/batches.ts'
import { concatBytes } from '../bytes.ts'
import { ChannelError } from './channelError.ts'
import { type ChannelOutOptions, createChannelOut } from './channelOut.ts'
import { readChannelBatches } from './channelReader.ts'
import { deriveSpanBatch } from './derivedSpanBatch.ts'
import { encodeFrame, type Frame } from './frame.ts'
import type { SingularBatch } from './singularBatch.ts'

const options = (fields: Partial<ChannelOutOptions> = {}): ChannelOutOptions => ({
  id: testChannelId(1),
  batchType: 'singular',
  compression: 'zlib',
  chain: TEST_CHAIN,
  maxRlpBytes: 10_000_000,
  targetBytes: 1_000_000,
  level: 5,
  ...fields,
})

/** Bytes that do not compress. */
const noise = (length: number, seed: number) => {
  let state = seed + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

const block = (i: number, size = 0): SingularBatch =>
  testBatch({ timestamp: 1_000n + 2n * BigInt(i), transactions: size ? [testTx({ input: noise(size, i) })] : [] })

/** Timestamps of the L2 blocks that frames carry. */
function read(frames: readonly Frame[]): bigint[] {
  const channel = concatBytes(...frames.map((frame) => frame.data))
  return [...readChannelBatches(channel, { maxRlpBytes: 10_000_000, brotliAllowed: true })].flatMap((entry) => {
    if (entry.type === 'singular') return [entry.batch.timestamp]
    const span = deriveSpanBatch(entry.batch, TEST_CHAIN)
    if (span instanceof ChannelError) throw span
    return Array.from({ length: span.blockCount }, (_, i) => span.blockTimestamp(i))
  })
}

const ruleOf = (run: () => unknown) => {
  try {
    run()
    return 'done'
  } catch (error) {
    return error instanceof ChannelError ? error.fault.data.rule : String(error)
  }
}

describe.each([
  ['singular', 'zlib'],
  ['singular', 'brotli'],
  ['span', 'zlib'],
  ['span', 'brotli'],
] as const)('a channel of %s batches in %s', (batchType, compression) => {
  it('[BAT-001] [BAT-015] [BAT-016] holds its blocks in order, as derivation reads them', () => {
    const out = createChannelOut(options({ batchType, compression }))
    for (let i = 0; i < 20; i++) expect(out.addBlock(block(i, i * 10), i === 0 ? 0n : 1n)).toBe(true)
    expect([out.blockCount, out.txCount]).toEqual([20, 19])
    expect(read(out.frames(1_000))).toEqual(Array.from({ length: 20 }, (_, i) => 1_000n + 2n * BigInt(i)))
  })

  it('[BAT-007] is cut into frames of at most the given size, numbered from 0, the last one marked', () => {
    const out = createChannelOut(options({ batchType, compression }))
    for (let i = 0; i < 5; i++) out.addBlock(block(i, 1_000), 1n)
    const frames = out.frames(700)
    expect(frames.length).toBeGreaterThan(5)
    expect(frames.map((frame) => frame.number)).toEqual(frames.map((_, i) => i))
    expect(frames.map((frame) => frame.isLast)).toEqual(frames.map((_, i) => i === frames.length - 1))
    for (const frame of frames) expect(encodeFrame(frame).length).toBeLessThanOrEqual(700)
    for (const frame of frames.slice(0, -1)) expect(encodeFrame(frame)).toHaveLength(700)
  })

  it('[BAT-018] turns a block away that would take it beyond its target, and stays within it', () => {
    const out = createChannelOut(options({ batchType, compression, targetBytes: 10_000 }))
    let taken = 0
    while (out.addBlock(block(taken, 900), taken === 0 ? 0n : 1n)) taken++
    expect(out.full).toBe(true)
    expect(taken).toBeGreaterThan(7)
    const frames = out.frames(100_000)
    expect(frames).toHaveLength(1)
    expect(frames[0]?.data.length).toBeLessThanOrEqual(10_000)
    expect(read(frames)).toHaveLength(taken)
  })

  it('takes one block that is larger than the target', () => {
    const out = createChannelOut(options({ batchType, compression, targetBytes: 100 }))
    expect(out.addBlock(block(0, 5_000), 0n)).toBe(true)
    expect(out.addBlock(block(1), 1n)).toBe(false)
    expect(read(out.frames(1_000))).toEqual([1_000n])
  })

  it('[BAT-012] never unfolds beyond the limit of a channel', () => {
    const out = createChannelOut(options({ batchType, compression, maxRlpBytes: 5_000 }))
    let taken = 0
    while (out.addBlock(block(taken, 900), 1n)) taken++
    expect(taken).toBe(4)
    expect(out.inputBytes).toBeLessThanOrEqual(5_000)
  })

  it('[BAT-014] cannot take a block larger than that limit, and stays as it was', () => {
    const out = createChannelOut(options({ batchType, compression, maxRlpBytes: 5_000 }))
    expect(ruleOf(() => out.addBlock(block(0, 6_000), 0n))).toBe('BAT-014')
    expect([out.blockCount, out.full, out.inputBytes]).toEqual([0, false, 0])
    expect(out.addBlock(block(0, 100), 0n)).toBe(true)
  })

  it('[BAT-013] refuses more compressed bytes and frames than a channel may have', () => {
    const out = createChannelOut(options({ batchType, compression, maxRlpBytes: 3_000 }))
    out.addBlock(block(0, 2_000), 0n)
    expect(ruleOf(() => out.frames(2_000))).toBe('done')
    expect(ruleOf(() => out.frames(200))).toBe('BAT-013')
  })

  it('[BAT-006] [BAT-007] cannot be cut while it is empty, nor into frames without room', () => {
    expect(ruleOf(() => createChannelOut(options({ batchType, compression })).frames(1_000))).toBe('BAT-006')
    const out = createChannelOut(options({ batchType, compression }))
    out.addBlock(block(0), 0n)
    expect(ruleOf(() => out.frames(23))).toBe('BAT-007')
    expect(out.addBlock(block(1), 1n)).toBe(false)
  })

  it('[BAT-018] estimates its size from above', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 15 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 500, max: 6_000 }), (list, targetBytes) => {
        const out = createChannelOut(options({ batchType, compression, targetBytes }))
        let taken = 0
        for (const size of list) if (out.addBlock(block(taken, size), 1n)) taken++
        const estimate = out.estimatedBytes
        const bytes = out.frames(100_000).reduce((sum, frame) => sum + frame.data.length, 0)
        expect(estimate).toBeGreaterThanOrEqual(bytes)
        if (taken > 1) expect(bytes).toBeLessThanOrEqual(targetBytes)
      }),
      { numRuns: 100 },
    )
  })
})
