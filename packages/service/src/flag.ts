import { formatDuration, tryParseDuration } from './duration.ts'

/** What every row of a flag table may say. */
export type FlagOptions<T> = {
  readonly help: string
  readonly default?: T
  /** Must be set by flag or environment; a default does not count. */
  readonly required?: boolean
  /** Full name where section and key do not make it (`p2p.peers.lo`). */
  readonly name?: string
  /** Environment names without the prefix, where the flag's name does not make them; the first is the one shown. */
  readonly env?: string | readonly string[]
  readonly aliases?: readonly string[]
  /** Shown in the help, such as `L1 blocks`. */
  readonly unit?: string
  /** Never shown: neither in the help, nor in a message, nor in a log. */
  readonly secret?: boolean
  /** Accepted, but left out of the help. */
  readonly hidden?: boolean
}

/** One flag with its value's type. `parse` gives the value or the reason why the text is none. */
export type Flag<T> = FlagOptions<NonNullable<T>> & {
  readonly kind: string
  /** Set by `defineFlags`. */
  readonly name: string
  readonly isBoolean?: boolean
  readonly isList?: boolean
  readonly parse: (text: string) => { readonly value: NonNullable<T> } | { readonly problem: string }
  readonly show: (value: NonNullable<T>) => string
}

/** `undefined` belongs to the type only where the flag has neither default nor `required`. */
type Valued<T, O> = O extends { readonly default: NonNullable<unknown> } | { readonly required: true }
  ? T
  : T | undefined

type Codec<T> = Pick<Flag<T>, 'kind' | 'isBoolean' | 'isList' | 'parse'> & { show?: (value: NonNullable<T>) => string }

function make<T, O>(codec: Codec<T>, options: O): Flag<Valued<T, O>> {
  return { show: String, name: '', ...codec, ...options } as unknown as Flag<Valued<T, O>>
}

type NumberRange = { readonly min?: number; readonly max?: number }

function numberIn(text: string, value: number, { min, max }: NumberRange, what: string) {
  if (text.trim() === '' || !Number.isFinite(value)) return { problem: `is not ${what}` }
  if (min !== undefined && value < min) return { problem: `must be at least ${min}` }
  if (max !== undefined && value > max) return { problem: `must be at most ${max}` }
  return { value }
}

const MAX_UINT64 = 2n ** 64n - 1n
const URL_PROTOCOLS = ['http:', 'https:', 'ws:', 'wss:']

/** Makers of flags, one per kind of value. */
export const flag = {
  string<const O extends FlagOptions<string>>(options: O) {
    return make<string, O>({ kind: 'string', parse: (value) => ({ value }) }, options)
  },

  /** A file or folder. */
  path<const O extends FlagOptions<string>>(options: O) {
    return make<string, O>({ kind: 'path', parse: (value) => ({ value }) }, options)
  },

  integer<const O extends FlagOptions<number> & NumberRange>(options: O) {
    const parse = (text: string) =>
      /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? numberIn(text, Number(text), options, 'a whole number')
        : { problem: 'is not a whole number' }
    return make<number, O>({ kind: 'integer', parse }, options)
  },

  float<const O extends FlagOptions<number> & NumberRange>(options: O) {
    const parse = (text: string) => numberIn(text, Number(text), options, 'a number')
    return make<number, O>({ kind: 'float', parse }, options)
  },

  /** 0 … 2^64-1 as `bigint`; decimal or 0x. */
  uint64<const O extends FlagOptions<bigint>>(options: O) {
    const parse = (text: string) =>
      /^(\d+|0x[0-9a-fA-F]+)$/.test(text) && BigInt(text) <= MAX_UINT64
        ? { value: BigInt(text) }
        : { problem: 'is not a whole number from 0 to 2^64-1' }
    return make<bigint, O>({ kind: 'uint64', parse }, options)
  },

  /** Wei and other amounts past 64 bits. */
  bigint<const O extends FlagOptions<bigint>>(options: O) {
    const parse = (text: string) =>
      /^(-?\d+|0x[0-9a-fA-F]+)$/.test(text) ? { value: BigInt(text) } : { problem: 'is not a whole number' }
    return make<bigint, O>({ kind: 'bigint', parse }, options)
  },

  /** `--x`, `--x=false`; needs no value. */
  boolean<const O extends FlagOptions<boolean>>(options: O) {
    const parse = (text: string) => {
      if (['1', 't', 'true', 'TRUE', 'True', 'T'].includes(text)) return { value: true }
      if (['0', 'f', 'false', 'FALSE', 'False', 'F'].includes(text)) return { value: false }
      return { problem: 'is neither true nor false' }
    }
    return make<boolean, O>({ kind: 'boolean', isBoolean: true, parse }, options)
  },

  /** Go's syntax on the command line, milliseconds as value. */
  duration<const O extends FlagOptions<number>>(options: O) {
    const parse = (text: string) => {
      const value = tryParseDuration(text)
      return value === null ? { problem: 'is not a duration such as 12s or 1h30m' } : { value }
    }
    return make<number, O>({ kind: 'duration', parse, show: formatDuration }, options)
  },

  /** One of `values`, in any letter case. */
  enum<const V extends readonly string[], const O extends FlagOptions<NoInfer<V>[number]>>(
    options: O & { readonly values: V },
  ) {
    const parse = (text: string) => {
      const value = options.values.find((candidate) => candidate.toLowerCase() === text.toLowerCase())
      return value === undefined ? { problem: `must be one of ${options.values.join(', ')}` } : { value }
    }
    return make<V[number], O>({ kind: 'enum', parse } as Codec<V[number]>, options)
  },

  /** Comma-separated, or the flag repeated. */
  list<const O extends FlagOptions<readonly string[]>>(options: O) {
    const parse = (text: string) => ({
      value: text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    })
    return make<readonly string[], O>({ kind: 'list', isList: true, parse, show: (value) => value.join(',') }, options)
  },

  /** 20 bytes of hex, given in lower case. */
  address<const O extends FlagOptions<`0x${string}`>>(options: O) {
    const parse = (text: string) =>
      /^0x[0-9a-fA-F]{40}$/.test(text)
        ? { value: text.toLowerCase() as `0x${string}` }
        : { problem: 'is not an address (0x and 40 hex digits)' }
    return make<`0x${string}`, O>({ kind: 'address', parse }, options)
  },

  /** An http, https, ws or wss URL; keys in it are never shown. */
  url<const O extends FlagOptions<string>>(options: O) {
    const parse = (text: string) =>
      URL.canParse(text) && URL_PROTOCOLS.includes(new URL(text).protocol)
        ? { value: text }
        : { problem: 'is not an http(s) or ws(s) URL' }
    return make<string, O>({ kind: 'url', parse }, options)
  },
}
