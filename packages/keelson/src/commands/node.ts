import { NODE_ENV_PREFIX, nodeFlags, nodeFromFlags } from '@keelson/node'
import { errorText, parseLogLevel } from '@keelson/service'
import { createProcessLogger, FlagError, flagHelp, listFlags, parseFlags } from '@keelson/service/node'
import type { Command } from '../command.ts'
import { VERSION } from '../version.ts'

const summary = 'Runs a rollup node: a verifier, or with --sequencer.enabled the sequencer. Flags are op-node’s.'

/** `keelson node`: op-node's command line over the rollup node. */
export const nodeCommand: Command = {
  name: 'node',
  summary,
  flags: nodeFlags,
  envPrefix: NODE_ENV_PREFIX,
  async run(argv, io) {
    const parsed = readFlags(argv, io.env)
    if (parsed instanceof FlagError) {
      io.stderr.write(`keelson node: ${parsed.message}\nkeelson node --help shows all flags.\n`)
      return 1
    }
    if (parsed.help) {
      io.stdout.write(flagHelp(nodeFlags, { command: 'keelson node', summary, envPrefix: NODE_ENV_PREFIX }))
      return 0
    }
    if (parsed.version) {
      io.stdout.write(`keelson node version ${VERSION}\n`)
      return 0
    }
    const { level, format, color, pid } = parsed.values.log
    const log = createProcessLogger({
      level: parseLogLevel(level) ?? 'info',
      format,
      pid,
      ...(color === undefined ? {} : { color }),
    })
    for (const name of parsed.unknownEnv) log.warn('Unknown env var', { name })
    for (const { name } of listFlags(nodeFlags.ignored)) {
      if (parsed.set.has(name)) log.warn('This flag of op-node has no effect', { flag: name })
    }
    const node = await nodeFromFlags(parsed.values, log, VERSION)
    try {
      await node.start(io.signal)
      const stop = () => void node.close()
      io.signal.addEventListener('abort', stop, { once: true })
      if (io.signal.aborted) stop()
      const error = await node.stopped
      if (error) log.error('The node has stopped', { err: error.message })
      return error ? 1 : 0
    } catch (error) {
      // Ctrl-C while it waits for L1 or the engine is no failure.
      if (io.signal.aborted) return 0
      log.error('The node cannot start', { err: errorText(error) })
      return 1
    } finally {
      await node.release()
    }
  },
}

function readFlags(argv: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  try {
    return parseFlags({ defs: nodeFlags, argv, env, envPrefix: NODE_ENV_PREFIX })
  } catch (error) {
    if (error instanceof FlagError) return error
    throw error
  }
}
