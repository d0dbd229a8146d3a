import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Which packages each package may import: the table of the design, from the pure core down to the command line. */
export const ALLOWED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  service: [],
  derive: ['protocol'],
  l1: ['protocol', 'service', 'derive'],
  engine: ['protocol', 'service'],
  execution: ['protocol', 'service'],
  p2p: ['protocol', 'service'],
  node: ['protocol', 'service', 'derive', 'l1', 'engine', 'execution', 'p2p'],
  batcher: ['protocol', 'service', 'l1', 'derive'],
  proposer: ['protocol', 'service', 'l1', 'derive'],
  devnet: [
    'protocol',
    'service',
    'derive',
    'l1',
    'engine',
    'execution',
    'p2p',
    'node',
    'batcher',
    'proposer',
    'explorer',
  ],
  explorer: ['protocol', 'derive', 'l1'],
  keelson: [
    ...['protocol', 'service', 'derive', 'l1', 'engine', 'execution', 'p2p', 'node', 'batcher', 'proposer', 'devnet'],
    'explorer',
  ],
}

/** Heavy dependencies that only one package may touch. */
export const SOLE_IMPORTERS: readonly { readonly module: RegExp; readonly package: string }[] = [
  { module: /^@ethereumjs\//, package: 'execution' },
  { module: /^(libp2p$|@libp2p\/|@chainsafe\/(libp2p|discv5|enr))/, package: 'p2p' },
]

export type ImportSite = { readonly package: string; readonly file: string; readonly module: string }

/** Every import of every source file of every package (tests and `testing/` included). */
export function importSites(root: string): ImportSite[] {
  return Object.keys(ALLOWED_IMPORTS).flatMap((name) =>
    sourceFiles(join(root, 'packages', name)).flatMap((file) => {
      const source = readFileSync(file, 'utf8')
      const modules = source.matchAll(
        /(?:^|\n)\s*(?:import|export)\b[^'"\n]*?(?:\bfrom\s*)?['"]([^'"]+)['"]|\bfrom '([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g,
      )
      return [...modules].map((match) => ({
        package: name,
        file: file.slice(root.length + 1),
        module: (match[1] ?? match[2] ?? match[3]) as string,
      }))
    }),
  )
}

/** What breaks the arrows, one sentence each. Tests may lean on any package below their own. */
export function arrowViolations(sites: readonly ImportSite[]): string[] {
  return sites.flatMap(({ package: from, file, module }) => {
    const inner = /^(?:@keelson\/([^/]+)|(keelson))(\/|$)/.exec(module)
    const to = inner?.[1] ?? inner?.[2]
    if (to && to !== from && !ALLOWED_IMPORTS[from]?.includes(to)) return [`${file}: ${from} may not import ${module}`]
    const target = module.startsWith('.') ? posix.join(posix.dirname(file), module) : ''
    if (target.startsWith('packages/') && !target.startsWith(`packages/${from}/`)) {
      return [`${file}: ${module} goes round the entry point of another package`]
    }
    const sole = SOLE_IMPORTERS.find((rule) => rule.module.test(module) && rule.package !== from)
    return sole ? [`${file}: only ${sole.package} may import ${module}`] : []
  })
}

/** The graph of the packages as Markdown with a Mermaid diagram, made from the imports that are there. */
export function packageGraph(root: string, sites: readonly ImportSite[]): string {
  const edges = new Set<string>()
  for (const { package: from, module, file } of sites) {
    const to = /^@keelson\/([^/]+)/.exec(module)?.[1]
    if (to && to !== from && file.includes('/src/') && !file.endsWith('.test.ts')) edges.add(`${from} --> ${to}`)
  }
  const rows = Object.keys(ALLOWED_IMPORTS).map((name) => {
    const { name: published, description } = JSON.parse(
      readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'),
    )
    return `| [\`${published}\`](../packages/${name}) | ${description} |`
  })
  return [
    '# Packages',
    '',
    'Made by `npm run docs` from the imports in the source; an arrow reads "imports".',
    '',
    '```mermaid',
    'graph TD',
    ...[...edges].sort().map((edge) => `  ${edge}`),
    '```',
    '',
    '| package | its one job |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name === 'node_modules' || name === 'dist') return []
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return sourceFiles(path)
    return /\.(ts|tsx)$/.test(name) ? [path] : []
  })
}
