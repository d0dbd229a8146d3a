/**
 * Which rules of the OP Stack are proven by which tests.
 *
 * Rules come from `../shared/conformance` (`KEELSON_CONFORMANCE`), or where that is absent from the committed documents;
 * tests name the rules they prove as `[DER-065]` in their titles; `docs/conformance/notApplicable.json` gives the reason
 * for each rule that needs no test.
 *
 * `npm run conformance -- [--check] [--open]`: `--check` writes nothing and exits 1 when a document differs; `--open`
 * lists the rules without a test.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

type Rule = { readonly id: string; readonly fork: string; readonly text: string }

const root = resolve(import.meta.dirname, '..')
const docs = join(root, 'docs/conformance')
const source = process.env.KEELSON_CONFORMANCE ?? resolve(root, '../shared/conformance')
const DOCUMENTS = ['derivation', 'execution', 'p2p', 'batcher-proposer'] as const
const HEADINGS: Readonly<Record<string, string>> = {
  DER: 'Derivation',
  EXE: 'Execution',
  P2P: 'Gossip and sync',
  BAT: 'Batcher',
  PRO: 'Proposer',
}

/** Rows of the tables `| ID | fork | rule | … |`. */
function readRules(document: string): Rule[] {
  const original = join(source, `${document}.md`)
  const file = existsSync(original) ? original : join(docs, `${document}.md`)
  const rules: Rule[] = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const match = /^\| ([A-Z0-9]{3}-\d{3}) \| ([^|]*) \| (.*?) \| [^|]* \|$/.exec(line)
    if (match)
      rules.push({ id: match[1] as string, fork: (match[2] as string).trim(), text: (match[3] as string).trim() })
  }
  return rules
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return testFiles(path)
    // Contract suites are run by the tests of every implementation.
    return entry.name.endsWith('.test.ts') || entry.name.endsWith('Contract.ts') ? [path] : []
  })
}

/** The test files that name each rule in a title. */
function readProofs(): Map<string, string[]> {
  const proofs = new Map<string, string[]>()
  const title =
    /\b(?:it|test|describe)(?:\.\w+(?:\([^\n]*?\))?)*\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g
  const add = (id: string, file: string) => {
    const files = proofs.get(id) ?? []
    proofs.set(id, files)
    if (!files.includes(file)) files.push(file)
  }
  for (const path of [...testFiles(join(root, 'packages')), ...testFiles(join(root, 'scripts'))].sort()) {
    const file = relative(root, path)
    const source = readFileSync(path, 'utf8')
    for (const match of source.matchAll(title)) {
      const text = match[1] ?? match[2] ?? match[3] ?? ''
      for (const [, id] of text.matchAll(/\[([A-Z0-9]{3}-\d{3})\]/g)) add(id as string, file)
      // A title that is filled in from a table, as `[${rule}] …` or `%s`: the table names the rules.
      if (text.includes('[${')) {
        for (const [, id] of source.matchAll(/['"`]([A-Z0-9]{3}-\d{3})['"`]/g)) add(id as string, file)
      }
      if (!/\$\{|%s|\$\w/.test(text)) continue
      for (const [tags] of source.matchAll(/['"`](?:\[[A-Z0-9]{3}-\d{3}\]\s*)+/g)) {
        for (const [, id] of tags.matchAll(/\[([A-Z0-9]{3}-\d{3})\]/g)) add(id as string, file)
      }
    }
  }
  return proofs
}

const reasonsFile = join(docs, 'notApplicable.json')
const reasons: Readonly<Record<string, string>> = existsSync(reasonsFile)
  ? (JSON.parse(readFileSync(reasonsFile, 'utf8')) as Record<string, string>)
  : {}

const proofs = readProofs()
const documents = DOCUMENTS.map((name) => ({ name, rules: readRules(name) }))
const known = new Set(documents.flatMap(({ rules }) => rules.map(({ id }) => id)))
const check = process.argv.includes('--check')
let failed = false

/** What the last column says. */
function evidence({ id }: Rule): string {
  const list = proofs.get(id)
  if (list) return list.map((file) => `[${file.split('/').at(-1)}](../../${file})`).join(', ')
  return reasons[id] ? `not applicable: ${reasons[id]}` : 'open'
}

type State = 'proven' | 'notApplicable' | 'open'
const stateOf = ({ id }: Rule): State => (proofs.has(id) ? 'proven' : reasons[id] ? 'notApplicable' : 'open')

function summary(area: string, rules: readonly Rule[]): string {
  const count = (state: State) => rules.filter((rule) => stateOf(rule) === state).length
  return `${area}: ${rules.length} rules, ${count('proven')} proven, ${count('notApplicable')} not applicable, ${count('open')} open`
}

for (const { name, rules } of documents) {
  const areas = [...new Set(rules.map(({ id }) => id.slice(0, 3)))]
  const parts = [
    `# Conformance: ${areas.map((area) => HEADINGS[area] ?? area).join(', ')}`,
    'Written by `npm run conformance`.',
  ]
  for (const area of areas) {
    const own = rules.filter(({ id }) => id.startsWith(area))
    console.log(summary(area, own))
    if (process.argv.includes('--open')) {
      for (const rule of own) if (stateOf(rule) === 'open') console.log(`  ${rule.id} ${rule.text.slice(0, 130)}`)
    }
    const rows = own.map((rule) => `| ${rule.id} | ${rule.fork} | ${rule.text} | ${evidence(rule)} |`)
    parts.push(
      `## ${HEADINGS[area] ?? area}`,
      summary(area, own),
      ['| ID | since fork | rule | tests |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    )
  }
  const text = `${parts.join('\n\n')}\n`
  const path = join(docs, `${name}.md`)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (check) {
    console.error(`docs/conformance/${name}.md is out of date: run npm run conformance`)
    failed = true
    continue
  }
  mkdirSync(docs, { recursive: true })
  writeFileSync(path, text)
}

for (const id of new Set([...proofs.keys(), ...Object.keys(reasons)])) {
  if (known.has(id) || !/^(DER|EXE|P2P|BAT|PRO)-/.test(id)) continue
  console.error(`no such rule: ${id} (${proofs.get(id)?.[0] ?? 'docs/conformance/notApplicable.json'})`)
  failed = true
}
for (const id of Object.keys(reasons)) {
  if (!proofs.has(id)) continue
  console.error(`${id} has a test: take it out of docs/conformance/notApplicable.json`)
  failed = true
}
if (failed) process.exitCode = 1
