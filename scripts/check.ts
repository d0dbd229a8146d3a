import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { arrowViolations, importSites } from './packageArrows.ts'

/** Lint, types, package arrows and generated documents; exits 1 when one of them is not in order. */
const root = resolve(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)
const failures: string[] = []

function step(name: string, command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`)
  if (status !== 0) failures.push(name)
}

step('biome', bin('biome'), ['check', '--error-on-warnings', '.'])
for (const name of readdirSync(join(root, 'packages')).sort()) {
  step(`types of ${name}`, bin('tsc'), ['-p', join('packages', name)])
}
step('types of scripts', bin('tsc'), ['-p', 'tsconfig.json'])

const violations = arrowViolations(importSites(root))
for (const violation of violations) console.error(violation)
console.log(`${violations.length === 0 ? 'ok    ' : 'FAILED'} package arrows`)
if (violations.length > 0) failures.push('package arrows')

step('generated documents', process.execPath, ['scripts/docs.ts', '--check'])
step('conformance documents', process.execPath, ['scripts/conformance.ts', '--check'])

if (failures.length > 0) {
  console.error(`check failed: ${failures.join(', ')}`)
  process.exit(1)
}
