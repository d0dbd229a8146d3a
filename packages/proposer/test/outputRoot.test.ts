import { type Hash, outputRoot } from '@keelson/protocol'
import { fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'

type Vectors = {
  vectors: {
    name: string
    input: Record<string, Hash>
    expected: Record<string, Hash>
  }[]
}

describe.skipIf(fixtureFolder() === null)('output roots', () => {
  if (fixtureFolder() === null) return
  for (const { name, input, expected } of readFixture<Vectors>('vectors/output-root.json').vectors) {
    it(`[PRO-001] [PRO-002] ${name}`, () => {
      const parts = {
        stateRoot: input.stateRoot as Hash,
        messagePasserStorageRoot: (input.messagePasserStorageRoot ?? input.withdrawalStorageRoot) as Hash,
        blockHash: (input.blockHash ?? input.latestBlockhash) as Hash,
      }
      expect(outputRoot(parts)).toBe(expected.outputRoot)
    })
  }
})
