import { hexToBytes } from '../../packages/protocol/src/index.ts'
import { fixtureFolder, readFixture } from '../../packages/protocol/testing/index.ts'

/** A fixture, or `null` where there are none: the targets then make do with seeds of their own. */
export function tryFixture<T>(path: string): T | null {
  return fixtureFolder() ? readFixture<T>(path) : null
}

type Vectors<Input> = { vectors: { input: Input }[] }

/** The inputs of one vector file. */
export const vectorInputs = <Input>(name: string): Input[] =>
  tryFixture<Vectors<Input>>(`vectors/${name}.json`)?.vectors.map(({ input }) => input) ?? []

/** The hex strings found under one key of the inputs of a vector file. */
export function vectorBytes(name: string, ...keys: string[]): Uint8Array[] {
  return vectorInputs<Record<string, unknown>>(name).flatMap((input) =>
    keys.flatMap((key) => {
      const value = input[key]
      return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string').map(hexToBytes)
    }),
  )
}
