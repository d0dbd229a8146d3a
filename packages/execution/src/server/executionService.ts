import {
  type Clock,
  createLifecycle,
  type Logger,
  type MetricRegistry,
  nullLogger,
  systemClock,
} from '@keelson/service'
import { createExecutionEngine, type ExecutionEngine, type ExecutionEngineOptions } from '../engine/executionEngine.ts'
import { createEngineServer } from './engineServer.ts'
import { createEthServer, type EthServerOptions } from './ethServer.ts'

export type ExecutionServiceOptions = Omit<ExecutionEngineOptions, 'clock' | 'log' | 'metrics'> & {
  readonly auth: { readonly host?: string; readonly port: number; readonly jwtSecret: Uint8Array }
  /** Left out: no public RPC. */
  readonly rpc?: Pick<EthServerOptions, 'host' | 'port' | 'wsPort' | 'wsHost' | 'cors' | 'sequencerUrl'>
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

export type ExecutionService = {
  readonly engine: ExecutionEngine
  /** Engine API, with JWT. */
  readonly authUrl: string
  /** Public JSON-RPC; `null` when it is off. */
  readonly url: string | null
  readonly wsUrl: string | null
  close(): Promise<void>
}

/**
 * An engine with its servers: what `keelson engine` runs, and the devnet for each node.
 *
 * @throws {StartupError} naming the step; what was opened is closed again
 */
export async function startExecutionService(options: ExecutionServiceOptions): Promise<ExecutionService> {
  const { auth, rpc, clock = systemClock, log = nullLogger, metrics, ...engineOptions } = options
  const life = createLifecycle(log)
  const common = { clock, log, ...(metrics && { metrics }) }
  const startedAt = clock.now()
  const engine = await life.step(
    'execution engine',
    () => createExecutionEngine({ ...engineOptions, ...common }),
    (opened) => opened.close(),
  )
  const { header, hash } = engine.chain.head
  log.info('Execution engine opened', {
    chain: engine.chain.spec.chainId,
    genesis: engine.chain.genesisHash,
    head: header.number,
    hash,
    sizeBytes: engine.chain.store.sizeBytes(),
    openMs: Math.round(clock.now() - startedAt),
  })
  const authServer = await life.step(
    'Engine API server',
    () => createEngineServer({ engine, ...auth, ...common }),
    (server) => server.close(),
  )
  log.info('Engine API served', { url: authServer.url })
  const ethServer =
    rpc &&
    (await life.step(
      'eth RPC server',
      () => createEthServer({ engine, ...rpc, ...common }),
      (server) => server.close(),
    ))
  if (ethServer) log.info('JSON-RPC served', { url: ethServer.url, ws: ethServer.wsUrl })
  return {
    engine,
    authUrl: authServer.url,
    url: ethServer?.url ?? null,
    wsUrl: ethServer?.wsUrl ?? null,
    close: () => life.close(),
  }
}
