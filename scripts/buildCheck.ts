import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * `npm run build:check`: whether what `npm run build` made works as published, under plain Node and without the source.
 * Imports every entry point of every package from another one's place, and runs the built command line.
 */
const dist = resolve(import.meta.dirname, '../dist')
const names = readdirSync(dist).filter((name) => existsSync(join(dist, name, 'package.json')))
if (names.length === 0) {
  console.error('nothing is built: npm run build')
  process.exit(1)
}
const failures: string[] = []

type Conditions = { readonly types?: string; readonly default?: string }
type Manifest = {
  readonly name: string
  readonly exports: Readonly<Record<string, Conditions>>
  readonly bin?: Readonly<Record<string, string>>
}
const manifests = names.map((name) => ({
  folder: join(dist, name),
  manifest: JSON.parse(readFileSync(join(dist, name, 'package.json'), 'utf8')) as Manifest,
}))

/** Runs Node where `@keelson/…` is the built packages only; what they depend on comes from the root's node_modules. */
function node(args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: dist, encoding: 'utf8', timeout: 60_000 })
  return { status, text: `${stdout}${stderr}` }
}

function report(what: string, ok: boolean, why = ''): void {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}`)
  if (!ok) failures.push(`${what}\n${why}`)
}

/** Whether a strict TypeScript project that imports every package finds types for all it imports. */
function declarations(): [ok: boolean, why: string] {
  const folder = mkdtempSync(join(dist, '.types-'))
  try {
    const imports = manifests.map(({ manifest }, i) => `import * as p${i} from '${manifest.name}'`)
    const uses = manifests.map((_, i) => `export const k${i}: keyof typeof p${i} = '' as never`)
    // What a package exports is known: a name that it does not have is an error.
    const absent = manifests.map((_, i) => `// @ts-expect-error\nexport const a${i} = p${i}.thereIsNoSuchName`)
    writeFileSync(join(folder, 'consumer.ts'), [...imports, ...uses, ...absent, ''].join('\n'))
    const compilerOptions = {
      ...{ target: 'ES2024', lib: ['ES2024', 'ESNext.Disposable', 'DOM'], module: 'nodenext', strict: true },
      ...{ noEmit: true, skipLibCheck: true, types: [] },
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    const tsc = resolve(dist, '../node_modules/.bin/tsc')
    const { status, stdout } = spawnSync(tsc, ['-p', folder], { encoding: 'utf8' })
    return [status === 0, stdout]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const modules = join(dist, 'node_modules')
rmSync(modules, { recursive: true, force: true })
for (const { folder, manifest } of manifests) {
  const link = join(modules, manifest.name)
  mkdirSync(resolve(link, '..'), { recursive: true })
  symlinkSync(folder, link)
}
try {
  for (const { folder, manifest } of manifests) {
    // A package's entry points are imported in one process, by name.
    const wanted = Object.entries(manifest.exports).filter(([, { default: file }]) => file)
    for (const [entry, { types, default: file }] of wanted) {
      const there = [types, file].filter((path) => path !== undefined && !existsSync(join(folder, path)))
      report(`files of ${manifest.name}${entry.slice(1)}`, there.length === 0, `missing: ${there.join(', ')}`)
    }
    // Testing entry points may need the test runner, which only works inside its own process.
    const specifiers = wanted
      .map(([entry]) => `${manifest.name}${entry.slice(1)}`)
      .filter((name) => !/testing|contracts/.test(name))
    const code = `for (const name of ${JSON.stringify(specifiers)}) {
      const url = import.meta.resolve(name)
      if (!url.startsWith(${JSON.stringify(pathToFileURL(`${dist}/`).href)})) throw new Error(name + ' is ' + url)
      await import(name)
    }
    process.exit(0)`
    const { status, text } = node(['--no-experimental-strip-types', '--input-type=module', '--eval', code])
    report(`import of ${specifiers.join(', ')}`, status === 0, text)
  }
  const cli = manifests.find(({ manifest }) => manifest.bin)
  if (cli) {
    const bin = join(cli.folder, Object.values(cli.manifest.bin ?? {})[0] ?? '')
    const folder = mkdtempSync(join(tmpdir(), 'keelson-built-'))
    const ports = ['l1', 'sequencer', 'verifier', 'explorer'].flatMap((part) => [`--${part}.port`, '0'])
    const times = ['--l1.block-time', '1', '--l2.block-time', '1', '--until-safe', '2', '--timeout', '50s']
    const devnet = node([
      '--no-experimental-strip-types',
      bin,
      'devnet',
      ...ports,
      ...times,
      '--json',
      '--datadir',
      folder,
    ])
    rmSync(folder, { recursive: true, force: true })
    report('keelson devnet --until-safe 2', devnet.status === 0 && devnet.text.includes('"ok":true'), devnet.text)
    for (const args of [
      ['--help'],
      ...['devnet', 'node', 'engine', 'batcher', 'decode'].map((name) => [name, '--help']),
    ]) {
      const { status, text } = node(['--no-experimental-strip-types', bin, ...args])
      report(`keelson ${args.join(' ')}`, status === 0 && text.includes('keelson'), text)
    }
  }
  report('declarations', ...declarations())
} finally {
  rmSync(modules, { recursive: true, force: true })
}
if (failures.length > 0) {
  console.error(`\n${failures.join('\n\n')}`)
  process.exit(1)
}
