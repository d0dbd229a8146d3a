import { CodedError } from '../../packages/protocol/src/index.ts'
import { type Json, mutateBytes, mutateJson } from './mutate.ts'
import type { Random } from './random.ts'

/** One decoder under attack. */
export type FuzzTarget = {
  readonly name: string
  /** Makes an input from the generator; the size is in bytes. */
  readonly generate: (random: Random) => {
    readonly size: number
    /** May give how many bytes it had to work through, where that is more than the input: what was unpacked. */
    readonly run: () => undefined | number | Promise<unknown>
    readonly show: () => string
  }
  /** Whether an exception is the answer the decoder is meant to give. */
  readonly expects: (error: unknown) => boolean
  /** Puts what is under attack back to its first state; called now and then, so that what it took in does not pile up. */
  readonly renew?: () => Promise<void>
}

/** Exceptions with a code are what `decode…` functions give for bad input. */
export const codedErrors = (error: unknown): boolean => error instanceof CodedError
/** `try…` functions and streams give none. */
export const noErrors = (): boolean => false

const workOf = (result: unknown): number | undefined => (typeof result === 'number' ? result : undefined)

const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

/** A decoder of bytes, fed with changed seeds. `wrap` turns the changed bytes into what the decoder takes. */
export function bytesTarget(
  name: string,
  seeds: readonly Uint8Array[],
  run: (bytes: Uint8Array) => unknown,
  {
    expects = codedErrors,
    wrap = (bytes) => bytes,
  }: { expects?: (error: unknown) => boolean; wrap?: (bytes: Uint8Array, random: Random) => Uint8Array } = {},
): FuzzTarget {
  if (seeds.length === 0) throw new Error(`target ${name} has no seeds`)
  return {
    name,
    expects,
    generate(random) {
      const input = wrap(mutateBytes(random, random.pick(seeds), random.pick(seeds)), random)
      return { size: input.length, run: () => workOf(run(input)), show: () => hex(input) }
    },
  }
}

/** A decoder of JSON values, fed with changed documents. */
export function jsonTarget(name: string, seeds: readonly Json[], run: (json: Json) => unknown): FuzzTarget {
  if (seeds.length === 0) throw new Error(`target ${name} has no seeds`)
  const sizes = new Map(seeds.map((seed) => [seed, JSON.stringify(seed).length]))
  return {
    name,
    expects: codedErrors,
    generate(random) {
      const seed = random.pick(seeds)
      const input = mutateJson(random, seed)
      return { size: sizes.get(seed) ?? 1_000, run: () => void run(input), show: () => JSON.stringify(input) }
    },
  }
}
