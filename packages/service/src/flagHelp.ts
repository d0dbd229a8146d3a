import type { Flag } from './flag.ts'
import { envNames, type FlagTree, listFlags } from './flags.ts'

// biome-ignore lint/suspicious/noExplicitAny: a flag of any value; `Flag` is invariant in it
type AnyFlag = Flag<any>

export type FlagHelpOptions = {
  /** Such as `keelson node`. */
  readonly command?: string
  /** One sentence. */
  readonly summary?: string
  readonly envPrefix?: string
}

const defaultText = (def: AnyFlag): string => {
  if (def.secret || def.default === undefined) return ''
  const text = def.show(def.default)
  return text === '' ? '' : text
}

function notes(def: AnyFlag & { readonly values?: readonly string[] }, envPrefix: string): string {
  const parts = []
  if (def.values) parts.push(`one of ${def.values.join(', ')}`)
  if (def.unit) parts.push(`unit: ${def.unit}`)
  if (def.required) parts.push('required')
  const shown = defaultText(def)
  if (shown) parts.push(`default: ${shown}`)
  parts.push(
    envNames(def, envPrefix)
      .map((name) => `$${name}`)
      .join(', '),
  )
  return `[${parts.join('; ')}]`
}

/** The text of `--help`, made from the same rows that parsing uses. */
export function flagHelp(defs: FlagTree, options: FlagHelpOptions = {}): string {
  const prefix = (options.envPrefix ?? '').replace(/_$/, '')
  const lines: string[] = []
  if (options.summary) lines.push(options.summary, '')
  if (options.command) lines.push(`Usage: ${options.command} [flags]`, '')
  lines.push('Flags:')
  for (const def of listFlags(defs)) {
    if (def.hidden) continue
    const names = [def.name, ...(def.aliases ?? [])].map((name) => `--${name}`).join(', ')
    lines.push(`  ${names}${def.isBoolean ? '' : ` <${def.kind}>`}`, `      ${def.help} ${notes(def, prefix)}`)
  }
  lines.push('  --help, -h', '      Shows this text.', '  --version, -v', '      Prints the version.')
  return `${lines.join('\n')}\n`
}

const typeText = ({ kind, values, unit }: AnyFlag & { readonly values?: readonly string[] }): string => {
  if (values) return values.map((value) => `\`${value}\``).join(', ')
  return unit ? `${kind} (${unit})` : kind
}

/** The same rows as a Markdown table, for the reference page. */
export function flagReference(defs: FlagTree, envPrefix = ''): string {
  const prefix = envPrefix.replace(/_$/, '')
  const rows = listFlags(defs)
    .filter((def) => !def.hidden)
    .map((def) => {
      const cells = [
        `\`--${def.name}\``,
        envNames(def, prefix)
          .map((name) => `\`${name}\``)
          .join(', '),
        typeText(def),
        def.required ? 'required' : defaultText(def) && `\`${defaultText(def)}\``,
        def.help,
      ]
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
    })
  return ['| Flag | Environment | Type | Default | Meaning |', '| --- | --- | --- | --- | --- |', ...rows, ''].join(
    '\n',
  )
}
