import type { Flag } from './flag.ts'
import { withoutCredentials } from './rpcClient.ts'

// biome-ignore lint/suspicious/noExplicitAny: a flag of any value; `Flag` is invariant in it
type AnyFlag = Flag<any>
/** Flags by key; sections may be nested: `{ sequencer: sequencerFlags, p2p: p2pFlags }`. */
export type FlagTree = { readonly [key: string]: AnyFlag | FlagTree }

/** The values of a table of flags, or of several nested by section. */
export type FlagValues<T> = T extends Flag<infer V> ? V : { readonly [K in keyof T]: FlagValues<T[K]> }

/** A command line that cannot be used. The message is for whoever typed it; values of secret flags are not in it. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
  readonly code: 'required' | 'unknownFlag' | 'missingValue' | 'badValue'
  readonly flag: string
  constructor(code: FlagError['code'], flagName: string, message: string) {
    super(message)
    this.code = code
    this.flag = flagName
  }
}

const kebab = (key: string) => key.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()

/**
 * Names the flags of one section: key `l1Confs` in section `sequencer` is `--sequencer.l1-confs`. An empty section
 * gives bare names. A row's own `name` wins.
 */
export function defineFlags<const D extends Record<string, AnyFlag>>(section: string, defs: D): D {
  const named = Object.entries(defs).map(([key, def]) => {
    const name = def.name || (section === '' ? kebab(key) : `${section}.${kebab(key)}`)
    return [key, { ...def, name }]
  })
  return Object.fromEntries(named) as D
}

const isFlag = (node: AnyFlag | FlagTree): node is AnyFlag => typeof node.parse === 'function'

/** All flags of a tree, in order. */
export function listFlags(tree: FlagTree): AnyFlag[] {
  return Object.values(tree).flatMap((node) => (isFlag(node) ? [node] : listFlags(node)))
}

/** Environment names of a flag, prefix included; dots and dashes become underscores. */
export function envNames(def: AnyFlag, envPrefix: string): string[] {
  const own = def.env === undefined ? [def.name.replaceAll(/[.-]/g, '_').toUpperCase()] : [def.env].flat()
  return own.map((name) => (envPrefix === '' ? name : `${envPrefix}_${name}`))
}

export type ParsedFlags<T> = {
  readonly values: FlagValues<T>
  /** Names of the flags that flag or environment set. */
  readonly set: ReadonlySet<string>
  /** Arguments that are no flags, in order. */
  readonly rest: readonly string[]
  /** Variables with the prefix that no flag reads: worth the warning `Unknown env var`. */
  readonly unknownEnv: readonly string[]
  readonly help: boolean
  readonly version: boolean
}

export type ParseFlagsOptions<T> = {
  readonly defs: T
  /** Without program and command names. */
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `OP_NODE` or `OP_NODE_`. */
  readonly envPrefix?: string
}

/**
 * Reads command line and environment by op-node's rules: `--x v`, `--x=v`, `-x v`; the flag wins over the environment.
 *
 * With `--help` or `--version` nothing is required.
 *
 * @throws {FlagError}
 */
export function parseFlags<const T extends FlagTree>(options: ParseFlagsOptions<T>): ParsedFlags<T> {
  const { defs, argv, env = {} } = options
  const envPrefix = (options.envPrefix ?? '').replace(/_$/, '')
  const flags = listFlags(defs)
  const byName = new Map(flags.flatMap((def) => [def.name, ...(def.aliases ?? [])].map((name) => [name, def] as const)))
  const found = new Map<AnyFlag, unknown>()
  const rest: string[] = []
  let help = false
  let version = false

  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string
    if (arg === '--') {
      rest.push(...argv.slice(i + 1))
      break
    }
    const match = /^--?([^=-][^=]*)(?:=([\s\S]*))?$/.exec(arg)
    if (!match) {
      rest.push(arg)
      continue
    }
    const name = match[1] as string
    const def = byName.get(name)
    if (!def && (name === 'help' || name === 'h')) help = true
    else if (!def && (name === 'version' || name === 'v')) version = true
    else if (!def) throw new FlagError('unknownFlag', name, `flag provided but not defined: -${name}`)
    else {
      let text = match[2]
      if (text === undefined && def.isBoolean) text = 'true'
      if (text === undefined) {
        if (++i >= argv.length) throw new FlagError('missingValue', name, `flag needs an argument: --${name}`)
        text = argv[i] as string
      }
      const value = readValue(def, text, `flag --${def.name}`)
      const before = found.get(def)
      found.set(def, def.isList && before ? [...(before as unknown[]), ...(value as unknown[])] : value)
    }
  }

  const known = new Set<string>()
  for (const def of flags) {
    for (const name of envNames(def, envPrefix)) {
      known.add(name)
      const text = env[name]
      // An empty variable is a value only for text.
      if (text === undefined || (text === '' && def.kind !== 'string' && def.kind !== 'path')) continue
      if (!found.has(def)) found.set(def, readValue(def, text, `environment variable ${name}`))
    }
  }
  if (!help && !version) {
    const missing = flags.find((def) => def.required && !found.has(def))
    if (missing) throw new FlagError('required', missing.name, `flag ${missing.name} is required`)
  }

  const fill = (tree: FlagTree): unknown =>
    Object.fromEntries(
      Object.entries(tree).map(([key, node]) => [
        key,
        isFlag(node) ? (found.has(node) ? found.get(node) : node.default) : fill(node),
      ]),
    )
  return {
    values: fill(defs) as FlagValues<T>,
    set: new Set([...found.keys()].map((def) => def.name)),
    rest,
    unknownEnv:
      envPrefix === '' ? [] : Object.keys(env).filter((name) => name.startsWith(`${envPrefix}_`) && !known.has(name)),
    help,
    version,
  }
}

function readValue(def: AnyFlag, text: string, where: string): unknown {
  const parsed = def.parse(text)
  if ('value' in parsed) return parsed.value
  const shown = def.secret ? '' : ` ${JSON.stringify(def.kind === 'url' ? withoutCredentials(text) : text)}`
  throw new FlagError('badValue', def.name, `invalid value${shown} for ${where}: ${parsed.problem}`)
}

/** What may be written down of the values: secrets are `***`, URLs lose their keys; by flag name. */
export function shownFlagValues(defs: FlagTree, values: unknown): Record<string, string> {
  const out: Record<string, string> = {}
  const walk = (tree: FlagTree, at: Record<string, unknown>) => {
    for (const [key, node] of Object.entries(tree)) {
      const value = at[key]
      if (!isFlag(node)) walk(node, (value ?? {}) as Record<string, unknown>)
      else if (value !== undefined) out[node.name] = shownValue(node, value)
    }
  }
  walk(defs, (values ?? {}) as Record<string, unknown>)
  return out
}

const shownValue = (def: AnyFlag, value: unknown): string => {
  if (def.secret) return value === '' ? '' : '***'
  return def.kind === 'url' ? withoutCredentials(String(value)) : def.show(value)
}
