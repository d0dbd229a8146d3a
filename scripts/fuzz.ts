/**
 * Feeds every decoder with broken input.
 *
 * `npm run fuzz -- [--inputs N | --minutes N] [--target all|<group>|<target>,…] [--seed N] [--from N] [--jobs N]`
 *
 * One line for each target; exit code 1 when anything was found. Each target runs in a process of its own, `--jobs` of them
 * at a time (one for each processor), so that its peak is its own. Input n of a target depends on seed and n alone:
 * `--target <name> --seed <seed> --from <n> --inputs 1` repeats a find.
 */
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs, promisify } from 'node:util'
import { FUZZ_GROUPS, fuzzTargets } from './fuzz/index.ts'
import { type FuzzLimits, type FuzzResult, runTarget } from './fuzz/runTarget.ts'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    minutes: { type: 'string' },
    target: { type: 'string', default: 'all' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    /** How one target is run in a child: its limits as JSON in, its result as JSON out. */
    child: { type: 'string' },
  },
})

if (values.help) {
  console.log(
    'usage: npm run fuzz -- [--inputs N | --minutes N] [--target all|<group>|<target>,…] [--seed N] [--from N] [--jobs N]',
  )
  console.log(`groups: ${Object.keys(FUZZ_GROUPS).join(', ')}; --list names the targets`)
  process.exit(0)
}

const number = (text: string, name: string): number => {
  const value = Number(text)
  if (!(value >= 0)) throw new Error(`--${name} ${text} is no number`)
  return value
}

const targets = await fuzzTargets(values.target)
if (values.child !== undefined) {
  const [target] = targets
  if (!target) throw new Error(`no target ${values.target}`)
  const result = await runTarget(target, JSON.parse(values.child) as FuzzLimits)
  process.stdout.write(JSON.stringify(result), () => process.exit(0))
} else if (values.list) {
  for (const target of targets) console.log(target.name)
  process.exit(0)
} else if (targets.length === 0) {
  console.error(`no target ${values.target}; groups: ${Object.keys(FUZZ_GROUPS).join(', ')}; --list names the targets`)
  process.exit(2)
} else {
  const names = targets.map(({ name }) => name)
  process.exitCode = (await runAll(names)) ? 0 : 1
}

/** Runs the targets and prints a row for each, in order. Tells whether nothing was found. */
async function runAll(names: readonly string[]): Promise<boolean> {
  const jobs = Math.max(1, number(values.jobs, 'jobs'))
  const minutes = values.minutes === undefined ? null : number(values.minutes, 'minutes')
  const limits = {
    inputs:
      values.inputs === undefined
        ? minutes === null
          ? 10_000
          : Number.MAX_SAFE_INTEGER
        : number(values.inputs, 'inputs'),
    deadlineMs: minutes === null ? Number.MAX_SAFE_INTEGER : (minutes * 60_000 * jobs) / names.length,
    seed: number(values.seed, 'seed'),
    from: number(values.from, 'from'),
  }
  console.log(
    `${'target'.padEnd(18)} ${'inputs'.padStart(9)} ${'crashes'.padStart(8)} ${'hangs'.padStart(6)} ${'peakMiB'.padStart(8)}`,
  )
  const total = { crashes: 0, hangs: 0, peak: 0 }
  const rows = names.map(() => Promise.withResolvers<FuzzResult>())
  let next = 0
  const work = async () => {
    for (let i = next++; i < names.length; i = next++) {
      try {
        rows[i]?.resolve(await runChild(names[i] as string, limits))
      } catch (error) {
        rows[i]?.reject(error)
      }
    }
  }
  const working = Promise.all(Array.from({ length: jobs }, work))
  for (const { promise } of rows) {
    const result = await promise
    printResult(result)
    total.crashes += result.crashes
    total.hangs += result.hangs
    total.peak = Math.max(total.peak, result.peakMiB)
  }
  await working
  console.log(
    `${names.length} targets: ${total.crashes} crashes, ${total.hangs} hangs, peak ${total.peak} MiB, seed ${limits.seed}`,
  )
  return total.crashes + total.hangs === 0
}

async function runChild(name: string, limits: FuzzLimits): Promise<FuzzResult> {
  const args = [import.meta.filename, '--target', name, '--child', JSON.stringify(limits)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 256 * 1024 * 1024 })
  return JSON.parse(stdout) as FuzzResult
}

function printResult(result: FuzzResult): void {
  const columns = [
    result.target.padEnd(18),
    String(result.inputs).padStart(9),
    String(result.crashes).padStart(8),
    String(result.hangs).padStart(6),
    String(result.peakMiB).padStart(8),
    `  ${Math.round(result.inputs / Math.max(result.seconds, 0.001))}/s`,
  ]
  console.log(columns.join(' '))
  for (const find of result.finds) {
    console.log(`  ${find.kind} at --from ${find.index}: ${find.what}`)
    console.log(`    ${find.input.length > 600 ? `${find.input.slice(0, 600)}…` : find.input}`)
  }
}
