/**
 * Compares the derivation pipeline with the plain implementation on generated L1 histories.
 *
 * `npm run oracle -- --histories 10000 [--seed 1] [--steps 40] [--rules]`
 */
import { setSecp256k1 } from '@keelson/protocol'
import fc from 'fast-check'
import {
  findDisagreement,
  type History,
  historyScript,
  type PipelineResult,
  playHistory,
  runPipeline,
} from '../packages/derive/testing/histories/index.ts'
import { nodeSyncStart } from './nodeSyncStart.ts'

/** Signing and recovering takes a third of the time otherwise. */
async function useNativeSecp256k1(): Promise<void> {
  const native = await import('secp256k1').catch(() => null)
  if (!native) return
  const { ecdsaRecover, ecdsaSign } = native.default
  setSecp256k1({
    recoverPublicKey(hash, signature, recovery) {
      try {
        return ecdsaRecover(signature, recovery, hash, false).subarray(1)
      } catch {
        return null
      }
    },
    sign(hash, key) {
      const { signature, recid } = ecdsaSign(hash, key)
      return { signature, recovery: recid === 1 ? 1 : 0 }
    },
  })
}

if (process.argv.includes('--help')) {
  console.log('usage: npm run oracle -- --histories N [--seed N] [--steps N] [--rules]')
  process.exit(0)
}

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? otherwise : Number(process.argv[at + 1])
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} needs a whole number`)
  return value
}

await useNativeSecp256k1()
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
let resets = 0
/**
 * Histories whose chain, after resets, is not the one derived from genesis. The rules themselves make it so: what was
 * dropped for being ahead of the safe head as of then is not ahead of one that was derived later and is begun from.
 */
let startDependent = 0
let isShrinking = false
const started = performance.now()

function note(history: History, result: PipelineResult): void {
  played++
  l1Blocks += history.arrivals.length
  l2Blocks += history.chain.length - 1
  resets += result.resets
  for (const feature of history.features) counts.set(feature, (counts.get(feature) ?? 0) + 1)
  if (result.resets > 0) counts.set('reset', (counts.get('reset') ?? 0) + 1)
  if (result.chain.at(-1)?.ref.hash !== history.chain.at(-1)?.ref.hash) startDependent++
  if (played % 500 === 0) process.stderr.write(`${played} histories\n`)
}

const property = fc.asyncProperty(historyScript(steps), async (script) => {
  const history = playHistory(script)
  const result = await runPipeline(history, { observer: isShrinking ? undefined : observer, findStart: nodeSyncStart })
  if (!isShrinking) note(history, result)
  const difference = findDisagreement(history, result)
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
console.log(`${resets} resets after L1 reorgs; ${startDependent} chains depend on where reading began`)
console.log('share of histories with')
for (const [feature, count] of [...counts].toSorted(([, a], [, b]) => b - a)) {
  console.log(`  ${feature.padEnd(18)} ${((100 * count) / played).toFixed(1).padStart(5)} %`)
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
