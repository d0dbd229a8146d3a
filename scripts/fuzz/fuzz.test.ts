import { describe, expect, it } from 'vitest'
import { fuzzTargets } from './index.ts'
import { Random } from './random.ts'
import { runTarget } from './runTarget.ts'
import { bytesTarget } from './target.ts'

describe('fuzzing, a short run', async () => {
  for (const target of await fuzzTargets('all')) {
    it(`${target.name} neither crashes nor hangs`, { timeout: 120_000 }, async () => {
      const { inputs, finds } = await runTarget(target, { inputs: 500, deadlineMs: 20_000, seed: 7 })
      expect(finds).toEqual([])
      expect(inputs).toBeGreaterThan(0)
    })
  }
})

describe('the fuzzer', () => {
  const limits = { inputs: 300, deadlineMs: 60_000, seed: 1 }

  it('finds an exception that is not meant to be', async () => {
    const target = bytesTarget('broken', [Uint8Array.of(1, 2, 3)], (bytes) => {
      if (bytes[0] !== 1) throw new TypeError('not foreseen')
    })
    const { crashes, finds } = await runTarget(target, limits)
    expect(crashes).toBeGreaterThan(0)
    expect(finds[0]).toMatchObject({ kind: 'crash' })
    const again = await runTarget(target, { ...limits, inputs: 1, from: finds[0]?.index ?? 0 })
    expect(again.finds[0]?.input).toBe(finds[0]?.input)
  })

  it('finds an input that takes too long', async () => {
    const target = bytesTarget('slow', [Uint8Array.of(1, 2, 3)], (bytes) => {
      if (bytes[0] === 1) return
      // Processor time is what a second look goes by.
      const start = process.threadCpuUsage()
      for (
        let spent = process.threadCpuUsage(start);
        spent.user + spent.system < 30_000;
        spent = process.threadCpuUsage(start)
      );
    })
    expect((await runTarget(target, { ...limits, inputs: 20 })).hangs).toBeGreaterThan(0)
  })

  it('makes the same inputs from the same seed', () => {
    const draw = (seed: number, stream: number) => {
      const random = new Random(seed, stream)
      return Array.from({ length: 5 }, () => random.uint32())
    }
    expect(draw(3, 9)).toEqual(draw(3, 9))
    expect(draw(3, 9)).not.toEqual(draw(3, 10))
    expect(draw(3, 9)).not.toEqual(draw(4, 9))
  })
})
