import { fixtureFolder, readFixture } from '../testing/index.ts'

/** One vector of a file below `vectors/`; what `input` and `expected` hold differs by file. */
export type Vector<Input, Expected> = {
  readonly name: string
  readonly input: Input
  readonly expected: Expected
  readonly checked: string
}

/** Whether there are fixtures to test against. */
export const hasFixtures = fixtureFolder() !== null

/** The vectors of a file, each with a name of its own; none without fixtures. */
export function vectorsOf<Input, Expected>(kind: string): readonly Vector<Input, Expected>[] {
  if (!hasFixtures) return []
  const { vectors } = readFixture<{ vectors: Vector<Input, Expected>[] }>(`vectors/${kind}.json`)
  const seen = new Map<string, number>()
  return vectors.map((vector) => {
    const count = (seen.get(vector.name) ?? 0) + 1
    seen.set(vector.name, count)
    return count === 1 ? vector : { ...vector, name: `${vector.name} (${count})` }
  })
}
