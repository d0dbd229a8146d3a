import { readFile } from 'node:fs/promises'
import type { GenesisJson } from '@keelson/execution'
import { EXECUTION_ENV_PREFIX, executionFlags, startExecutionService } from '@keelson/execution/server'
import { readOrCreateJwtSecret } from '@keelson/service/node'
import type { Command } from '../command.ts'
import { serviceCommand } from '../serviceCommand.ts'

/** `keelson engine`: the Engine API and eth JSON-RPC over a chain on disk, until it is stopped. */
export const engineCommand: Command = serviceCommand({
  name: 'engine',
  summary: 'run the embedded execution engine',
  flags: executionFlags,
  envPrefix: EXECUTION_ENV_PREFIX,
  metricsPrefix: 'keelson_engine',
  start: async ({ chain, auth, http, ws, rollup, builder, txpool }, { log, metrics }) =>
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
