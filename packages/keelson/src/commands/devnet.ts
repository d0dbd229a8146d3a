import {
  banner,
  chainFlags,
  type Devnet,
  type DevnetOptions,
  devnetFlags,
  parseForkTime,
  requireFreePorts,
  startDevnet,
  statusLine,
  untilSafe,
} from '@keelson/devnet'
import { createLogger, type FlagValues, flagHelp, parseFlags } from '@keelson/service'
import type { Command, CommandIo } from '../command.ts'
import { VERSION } from '../version.ts'

const ENV_PREFIX = 'KEELSON_DEVNET'
const DEFAULT_DATA_DIR = '.keelson/devnet'
const flags = { chain: chainFlags, devnet: devnetFlags }

/** `keelson devnet`: the whole stack in the foreground, until Ctrl-C or until a safe head is reached. */
export const devnetCommand: Command = {
  name: 'devnet',
  summary: 'run a whole OP Stack chain with its L1',
  flags,
  envPrefix: ENV_PREFIX,
  async run(argv, io) {
    const parsed = parseFlags({ defs: flags, argv, env: io.env, envPrefix: ENV_PREFIX })
    if (parsed.help) {
      io.stdout.write(flagHelp(flags, { command: 'keelson devnet', summary: this.summary, envPrefix: ENV_PREFIX }))
      return 0
    }
    if (parsed.version) {
      io.stdout.write(`keelson devnet ${VERSION}\n`)
      return 0
    }
    const { chain, devnet } = parsed.values
    const options = optionsOf(parsed.values, io)
    await requireFreePorts(options.ports)
    const started = await startUnlessStopped(options, io.signal)
    if (!started) return 0
    const print = (line: string) => io.stdout.write(`${line}\n`)
    try {
      if (devnet.json) print(JSON.stringify({ event: 'started', ...started.info }))
      else io.stdout.write(`${banner(started.info)}\n`)
      if (devnet.untilSafe === undefined) return await runUntilStopped(started, io, devnet.json, chain)
      const result = await untilSafe(started, {
        number: devnet.untilSafe,
        timeoutMs: devnet.timeout,
        signal: io.signal,
      })
      print(JSON.stringify(result))
      return result.ok ? 0 : 1
    } finally {
      await started.close()
    }
  },
}

/** `null`: a stop came first, which is no failure. */
async function startUnlessStopped(options: DevnetOptions, signal: AbortSignal): Promise<Devnet | null> {
  try {
    return await startDevnet({ ...options, signal })
  } catch (error) {
    if (signal.aborted) return null
    throw error
  }
}

function optionsOf({ chain, devnet }: FlagValues<typeof flags>, io: CommandIo): DevnetOptions {
  const log = createLogger({
    level: devnet.logLevel,
    format: devnet.json ? 'json' : 'logfmt',
    write: (line) => io.stderr.write(`${line}\n`),
  })
  return {
    ...chain,
    forks: new Map(chain.forks.map(parseForkTime)),
    l1ChainId: devnet.l1ChainId,
    l1BlockTimeSeconds: devnet.l1BlockTime,
    dataAvailabilityType: devnet.dataAvailabilityType,
    dataDir: devnet.dataDir ?? DEFAULT_DATA_DIR,
    ports: {
      l1: devnet.l1Port,
      sequencer: devnet.sequencerPort,
      verifier: devnet.verifierPort,
      explorer: devnet.explorerPort,
    },
    log,
  }
}

/** Shows where the chain is until a signal comes or a node fails. */
async function runUntilStopped(
  devnet: Devnet,
  io: CommandIo,
  json: boolean,
  chain: FlagValues<typeof chainFlags>,
): Promise<number> {
  const isTerminal = io.stdout.isTTY === true && !json
  const show = () => {
    const heads = devnet.heads()
    if (isTerminal) io.stdout.write(`\r\x1b[K${statusLine(heads)}`)
    else if (json)
      io.stdout.write(
        `${JSON.stringify({ event: 'heads', ...heads }, (_, v) => (typeof v === 'bigint' ? Number(v) : v))}\n`,
      )
    else io.stdout.write(`${statusLine(heads)}\n`)
  }
  const timer = setInterval(show, isTerminal ? 500 : Number(chain.l2BlockTime) * 5_000)
  const stopped = new Promise<null>((resolve) => {
    if (io.signal.aborted) resolve(null)
    io.signal.addEventListener('abort', () => resolve(null), { once: true })
  })
  const failure = await Promise.race([stopped, devnet.failed])
  clearInterval(timer)
  if (isTerminal) io.stdout.write('\n')
  if (!failure) return 0
  io.stderr.write(`keelson devnet: a node stopped: ${failure.message}\n`)
  return 1
}
