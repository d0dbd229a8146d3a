import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ErrorTable } from '../../packages/protocol/src/errors.ts'

const packages = resolve(import.meta.dirname, '../../packages')

/** `docs/errors.md`: every table of coded errors, found by its definition and read from the class itself. */
export async function errorsPage(): Promise<string> {
  const sections: string[] = []
  for (const { name, path } of errorClasses()) {
    const module = (await import(join(packages, path))) as Record<string, { readonly table: ErrorTable } | undefined>
    const table = module[name]?.table
    if (!table) throw new Error(`${path} does not export ${name}`)
    const rows = Object.entries(table).map(
      ([code, { severity, text }]) => `| \`${code}\` | ${severity} | ${sentenceOf(text)} |`,
    )
    sections.push(
      [
        `## ${name}`,
        '',
        `\`packages/${path}\``,
        '',
        '| Code | Severity | Sentence |',
        '| --- | --- | --- |',
        ...rows,
        '',
      ].join('\n'),
    )
  }
  return [
    '# Errors',
    '',
    'Codes are stable: logs, metrics and tests match on them. `temporary` is tried again, `reset` starts derivation again',
    'from what L1 and the engine say, `critical` stops the process. What is in braces is data of the error.',
    '',
    sections.join('\n'),
  ].join('\n')
}

function errorClasses(): { name: string; path: string }[] {
  return readdirSync(packages, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[^/]+\/src\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'))
    .sort()
    .flatMap((path) => {
      const source = readFileSync(join(packages, path), 'utf8')
      return [...source.matchAll(/^export class (\w+) extends codedError\(/gm)].map(([, name]) => ({
        name: name as string,
        path,
      }))
    })
}

/** The sentence with the names of its data in braces. */
function sentenceOf(text: (data: never) => string): string {
  return String(text(placeholder('') as never))
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
}

/** A value whose text, and that of each of its fields, is its name. */
function placeholder(path: string): unknown {
  return new Proxy(
    {},
    {
      get(_, key) {
        if (key === Symbol.toPrimitive || key === 'toString') return () => `{${path}}`
        return placeholder(path === '' ? String(key) : `${path}.${String(key)}`)
      },
    },
  )
}
