#!/usr/bin/env node
import { errorText } from '@keelson/service'
import { runCli } from './cli.ts'

const stop = new AbortController()
let signals = 0
const onSignal = () => {
  signals += 1
  if (signals > 1) process.exit(130)
  stop.abort()
}
process.on('SIGINT', onSignal)
process.on('SIGTERM', onSignal)

try {
  process.exitCode = await runCli(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    signal: stop.signal,
  })
} catch (error) {
  process.stderr.write(`keelson: ${errorText(error)}\n`)
  process.exitCode = 1
}
// A library's forgotten timer must not keep a finished command alive.
process.exit()
