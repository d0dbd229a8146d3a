import { readFile } from 'node:fs/promises'
import type { GenesisJson } from '@keelson/execution'
import { EXECUTION_ENV_PREFIX, executionFlags, startExecutionService } from '@keelson/execution/server'
import { flagHelp, parseFlags, readOrCreateJwtSecret } from '@keelson/service/node'
import type { Command, CommandIo } from '../command.ts'
import { runService } from '../runService.ts'

const SUMMARY = 'run the embedded execution engine'

/** `keelson engine`: the Engine API and eth JSON-RPC over a chain on disk, until it is stopped. */
export const engineCommand: Command = {
  name: 'engine',
  summary: SUMMARY,
  flags: executionFlags,
  envPrefix: EXECUTION_ENV_PREFIX,
  async run(argv: readonly string[], io: CommandIo): Promise<number> {
    const parsed = parseFlags({ defs: executionFlags, argv, env: io.env, envPrefix: EXECUTION_ENV_PREFIX })
    if (parsed.help) {
      const options = { command: 'keelson engine', summary: SUMMARY, envPrefix: EXECUTION_ENV_PREFIX }
      io.stdout.write(flagHelp(executionFlags, options))
      return 0
    }
    if (parsed.version) {
      io.stdout.write('keelson engine 0.1.0\n')
      return 0
    }
    const { chain, auth, http, ws, rollup, builder, txpool } = parsed.values
    return runService({
      name: 'engine',
      metricsPrefix: 'keelson_engine',
      io,
      flags: parsed.values,
      unknownEnv: parsed.unknownEnv,
      start: async ({ log, metrics }) =>
        startExecutionService({
          genesis: await readGenesis(chain.genesis),
          ...(chain.datadir !== undefined && { dataDir: chain.datadir }),
          ...(chain.history !== undefined && { history: chain.history }),
          auth: { host: auth.addr, port: auth.port, jwtSecret: await readOrCreateJwtSecret(auth.jwtsecret) },
          ...(http.enabled && {
            rpc: {
              host: http.addr,
              port: http.port,
              cors: http.corsdomain === '' ? null : http.corsdomain,
              ...(ws.port !== undefined && { wsPort: ws.port, wsHost: ws.addr }),
              ...(rollup.sequencerhttp !== undefined && { sequencerUrl: rollup.sequencerhttp }),
            },
          }),
          builder: { recommitMs: builder.recommit },
          pool: {
            maxTotal: txpool.globalslots,
            maxPerAccount: txpool.accountslots,
            priceBumpPercent: txpool.pricebump,
            minTip: txpool.pricelimit,
          },
          log,
          metrics,
        }),
    })
  },
}

/** @throws {Error} naming the file and what is wrong with it */
async function readGenesis(path: string): Promise<GenesisJson> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new Error(`cannot read genesis ${path}: ${(cause as Error).message}`, { cause })
  }
  try {
    return JSON.parse(text) as GenesisJson
  } catch (cause) {
    throw new Error(`genesis ${path} is no JSON: ${(cause as Error).message}`, { cause })
  }
}
