import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../src/index.ts'
import { CODEC_FUZZ_TARGETS, createRandom, fuzz, mutateBytes } from '../testing/index.ts'

const INPUTS = 5_000

describe('decoders', () => {
  for (const target of CODEC_FUZZ_TARGETS) {
    it(`of ${target.name} refuse bad input with a coded error, and give back what they accept`, () => {
      for (const seed of target.seeds) target.run(seed)
      const { failures } = fuzz(target, { inputs: INPUTS })
      expect(failures.map(({ input, error }) => `${bytesToHex(input)}: ${error}`).slice(0, 3)).toEqual([])
    })
  }

  it('are fed with the same inputs for the same seed', () => {
    const inputsOf = (seed: number) => {
      const random = createRandom(seed)
      return Array.from({ length: 20 }, () => bytesToHex(mutateBytes(new Uint8Array(20), random)))
    }
    expect(inputsOf(7)).toEqual(inputsOf(7))
    expect(inputsOf(7)).not.toEqual(inputsOf(8))
  })

  it('that throw something else are reported with the input', () => {
    const run = (input: Uint8Array) => {
      if (input.length > 3) throw new TypeError('not coded')
    }
    const { failures, inputs } = fuzz({ name: 'bad', seeds: [new Uint8Array(10)], run }, { inputs: 50, now: () => 0 })
    expect(inputs).toBe(50)
    expect(failures.length).toBeGreaterThan(10)
    expect(failures.every(({ input }) => input.length > 3)).toBe(true)
  })
})
