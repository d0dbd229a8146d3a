import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * Makes publishable packages in `dist/<package>`: JavaScript, declarations, and a `package.json` whose entry points
 * name the built files. The source itself runs unbuilt; only what is published needs this.
 */
const root = resolve(import.meta.dirname, '..')
const only = process.argv.slice(2)
const packages = readdirSync(join(root, 'packages')).filter((name) => only.length === 0 || only.includes(name))

for (const name of packages) {
  const source = join(root, 'packages', name)
  const out = join(root, 'dist', name)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const project = join(out, 'tsconfig.json')
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(source, 'tsconfig.json'),
      compilerOptions: { noEmit: false, outDir: out, rootDir: source, declaration: true, sourceMap: true },
      include: ['src', 'testing'].map((folder) => join(source, folder)).filter(existsSync),
      exclude: [join(source, '**/*.test.ts')],
    }),
  )
  const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', project], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  rmSync(project)
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(publishedManifest(source), null, 2)}\n`)
  // `data` is read at run time, from where the source finds it too.
  for (const file of ['README.md', '../../LICENSE', 'data']) {
    if (!existsSync(join(source, file))) continue
    cpSync(join(source, file), join(out, file.replace('../../', '')), { recursive: true })
  }
  console.log(`built dist/${name}`)
}

type Manifest = { exports?: unknown; imports?: unknown; bin?: unknown; files?: unknown; [key: string]: unknown }

/** The package's manifest with each `.ts` entry point replaced by its built file, and types beside it. */
function publishedManifest(source: string): Manifest {
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest
  const built = (entry: unknown): unknown => {
    if (typeof entry === 'string') {
      const base = entry.replace(/\.ts$/, '')
      return entry.endsWith('.ts') ? { types: `${base}.d.ts`, default: `${base}.js` } : entry
    }
    if (typeof entry !== 'object' || entry === null) return entry
    return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, built(value)]))
  }
  const bin = manifest.bin as Record<string, string> | undefined
  const { files: _files, ...rest } = manifest
  return {
    ...rest,
    exports: built(manifest.exports),
    ...(manifest.imports ? { imports: built(manifest.imports) } : {}),
    ...(bin && { bin: Object.fromEntries(Object.entries(bin).map(([k, v]) => [k, v.replace(/\.ts$/, '.js')])) }),
  }
}
