/**
 * Compares the derivation pipeline with the plain implementation on generated L1 histories.
 *
 * `npm run oracle -- --histories 10000 [--seed 1] [--steps 40] [--rules]`
 */
import fc from 'fast-check'
import { firstDifference, historyScript, playHistory, runPipeline } from '../packages/derive/testing/histories/index.ts'

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? otherwise : Number(process.argv[at + 1])
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} needs a whole number`)
  return value
}

const histories = option('histories', 1_000)
const seed = option('seed', 1)
const steps = option('steps', 40)
const counts = new Map<string, number>()
/** Verdicts of the pipeline by rule and outcome: what the histories really reached. */
const rules = new Map<string, number>()
const observer = {
  verdict({ rule, outcome }: { readonly rule: string; readonly outcome: string }) {
    const key = `${rule} ${outcome}`
    rules.set(key, (rules.get(key) ?? 0) + 1)
  },
}
let played = 0
let l1Blocks = 0
let l2Blocks = 0
let isShrinking = false
const started = performance.now()

const property = fc.asyncProperty(historyScript(steps), async (script) => {
  const history = playHistory(script)
  if (!isShrinking) {
    played++
    l1Blocks += history.blocks.length
    l2Blocks += history.height
    for (const feature of history.features) counts.set(feature, (counts.get(feature) ?? 0) + 1)
    if (process.stdout.isTTY && played % 100 === 0) process.stdout.write(`\r${played} histories`)
  }
  const difference = firstDifference(await runPipeline(history, isShrinking ? undefined : observer), history.derived)
  if (difference) {
    isShrinking = true
    throw new Error(difference)
  }
})

const result = await fc.check(property, { numRuns: histories, seed, endOnFailure: false })
const seconds = (performance.now() - started) / 1000
console.log(
  `${played} histories, ${l1Blocks} L1 blocks, ${l2Blocks} L2 blocks derived, ${seconds.toFixed(1)} s, seed ${seed}`,
)
console.log('share of histories with')
for (const [feature, count] of [...counts].toSorted(([, a], [, b]) => b - a)) {
  console.log(`  ${feature.padEnd(16)} ${((100 * count) / played).toFixed(1).padStart(5)} %`)
}
if (process.argv.includes('--rules')) {
  console.log('verdicts')
  for (const [key, count] of [...rules].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`  ${key.padEnd(20)} ${count}`)
}
if (result.failed) {
  console.log('1 disagreement, shrunk:')
  console.log(JSON.stringify(result.counterexample?.[0]))
  console.log(result.errorInstance instanceof Error ? result.errorInstance.stack : result.errorInstance)
  process.exitCode = 1
} else {
  console.log('0 disagreements')
}
