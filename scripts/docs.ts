import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { eventsPage } from './eventTable.ts'
import { importSites, packageGraph } from './packageArrows.ts'
import { errorsPage } from './reference/errors.ts'
import { flagsPage } from './reference/flags.ts'
import { metricsPage } from './reference/metrics.ts'

/** Writes the generated documents, or with `--check` exits 1 when the committed ones differ. */
const root = resolve(import.meta.dirname, '..')

const documents: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/errors.md': errorsPage,
  'docs/events.md': eventsPage,
  'docs/flags.md': flagsPage,
  'docs/metrics.md': metricsPage,
  'docs/packages.md': () => packageGraph(root, importSites(root)),
}

const check = process.argv.includes('--check')
const stale: string[] = []
for (const [path, make] of Object.entries(documents)) {
  const file = join(root, path)
  const text = await make()
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
  if (check) {
    stale.push(path)
    continue
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  console.log(`wrote ${path}`)
}
if (stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')}; run npm run docs`)
  process.exit(1)
}
