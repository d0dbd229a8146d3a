/**
 * Feeds every decoder with broken input.
 *
 * `npm run fuzz -- [--inputs N | --minutes N] [--target all|<group>|<target>,…] [--seed N] [--from N]`
 *
 * One line for each target; exit code 1 when anything was found. Input n of a target depends on seed and n alone:
 * `--target <name> --seed <seed> --from <n> --inputs 1` repeats a find.
 */
import { parseArgs } from 'node:util'
import { FUZZ_GROUPS, fuzzTargets } from './fuzz/index.ts'
import { runTarget } from './fuzz/runTarget.ts'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    minutes: { type: 'string' },
    target: { type: 'string', default: 'all' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    list: { type: 'boolean', default: false },
  },
})

const number = (text: string, name: string): number => {
  const value = Number(text)
  if (!(value >= 0)) throw new Error(`--${name} ${text} is no number`)
  return value
}

const targets = await fuzzTargets(values.target)
if (values.list) {
  for (const target of targets) console.log(target.name)
  process.exit(0)
}
if (targets.length === 0) {
  console.error(`no target ${values.target}; groups: ${Object.keys(FUZZ_GROUPS).join(', ')}; --list names the targets`)
  process.exit(2)
}
const minutes = values.minutes === undefined ? null : number(values.minutes, 'minutes')
const inputs =
  values.inputs === undefined ? (minutes === null ? 10_000 : Number.MAX_SAFE_INTEGER) : number(values.inputs, 'inputs')
const seed = number(values.seed, 'seed')
const from = number(values.from, 'from')
const deadlineMs = minutes === null ? Number.POSITIVE_INFINITY : (minutes * 60_000) / targets.length

console.log(
  `${'target'.padEnd(18)} ${'inputs'.padStart(9)} ${'crashes'.padStart(8)} ${'hangs'.padStart(6)} ${'peakMiB'.padStart(8)}`,
)
let found = 0
let peak = 0
for (const target of targets) {
  const result = await runTarget(target, { inputs, deadlineMs, seed, from })
  found += result.crashes + result.hangs
  peak = Math.max(peak, result.peakMiB)
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
console.log(`${targets.length} targets, ${found} finds, peak ${peak} MiB, seed ${seed}`)
process.exitCode = found === 0 ? 0 : 1
