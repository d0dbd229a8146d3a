/**
 * Kills what must survive being killed, again and again.
 *
 * `npm run chaos -- engine --rounds N [--seed N] [--json]`
 *
 * Prints `N rounds, 0 losses`; exit code 1 when anything was lost.
 */
import { parseArgs } from 'node:util'
import { engineChaos } from './chaos/engine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const USAGE = 'usage: npm run chaos -- engine --rounds N [--seed N] [--json]'
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
const [what = 'engine'] = positionals
const rounds = Number(values.rounds)
if (what !== 'engine' || !Number.isSafeInteger(rounds) || rounds < 1) {
  console.error(USAGE)
  process.exit(2)
}

const report = await engineChaos({
  rounds,
  seed: Number(values.seed),
  onRound: (round) => {
    if (!values.json && process.stderr.isTTY) {
      process.stderr.write(
        `\rround ${round.round}/${rounds}  head ${round.head}  killed after ${round.killedAfterMs} ms `,
      )
    }
  },
})
if (process.stderr.isTTY && !values.json) process.stderr.write('\n')
for (const loss of report.losses) console.log(`round ${loss.round}: ${loss.what}`)
if (values.json) console.log(JSON.stringify(report))
else {
  console.log(
    `engine: head ${report.head}, ${report.blocks} blocks acknowledged, ${report.reorgs} reorgs, ` +
      `reopened in ${report.openMs.median} ms (median; worst ${report.openMs.worst}), ` +
      `${(report.sizeBytes / 2 ** 20).toFixed(1)} MiB on disk`,
  )
  console.log(`${report.rounds} rounds, ${report.losses.length} losses`)
}
process.exit(report.losses.length > 0 ? 1 : 0)
