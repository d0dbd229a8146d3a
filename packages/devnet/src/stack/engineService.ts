import type { ExecutionEngine } from '@keelson/execution'
import { startExecutionService } from '@keelson/execution/server'
import type { Logger } from '@keelson/service'
import type { L2Genesis } from '../genesis/l2Genesis.ts'

/** An embedded engine with its two endpoints. */
export type EngineService = {
  readonly engine: ExecutionEngine
  /** eth JSON-RPC over HTTP, and over WebSocket on the same port. */
  readonly rpc: string
  readonly ws: string
  readonly engineApi: string
  close(): Promise<void>
}

export type EngineServiceOptions = {
  readonly genesis: L2Genesis
  readonly dataDir: string
  readonly jwtSecret: Uint8Array
  /** `0`: any free port. */
  readonly rpcPort: number
  readonly engineApiPort: number
  /** Transactions are passed on to this RPC as well. */
  readonly sequencerUrl?: string
  readonly log: Logger
}

/** Opens an engine on disk and serves it on loopback, as `keelson engine` does. */
export async function startEngine(options: EngineServiceOptions): Promise<EngineService> {
  const { genesis, dataDir, jwtSecret, log, sequencerUrl } = options
  const service = await startExecutionService({
    genesis,
    dataDir,
    auth: { port: options.engineApiPort, jwtSecret },
    rpc: { port: options.rpcPort, ...(sequencerUrl === undefined ? {} : { sequencerUrl }) },
    log,
  })
  return {
    engine: service.engine,
    rpc: service.url ?? '',
    ws: service.wsUrl ?? '',
    engineApi: service.authUrl,
    close: () => service.close(),
  }
}
