import { type Clock, type Logger, type MetricRegistry, nullLogger, systemClock } from '@keelson/service'
import { createRpcServer, jwtAuthentication, type RpcServer } from '@keelson/service/node'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { engineMethods } from '../rpc/engineMethods.ts'
import { createEthApi } from '../rpc/ethApi.ts'
import { CLIENT_VERSION } from './clientVersion.ts'

export type EngineServerOptions = {
  readonly engine: ExecutionEngine
  /** 32 bytes, shared with the rollup node. */
  readonly jwtSecret: Uint8Array
  readonly host?: string
  /** 0 takes any free port. */
  readonly port: number
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

/** A block of 30 M gas of calldata as hex fits; geth allows the same. */
const MAX_BODY_BYTES = 128 * 1024 * 1024

/**
 * The authenticated endpoint: the Engine API, and `eth_` for the rollup node's reads. HTTP and WebSocket on one port.
 *
 * A request without a fresh token gets 401; the first of each kind is logged.
 *
 * @throws {ListenError} naming the port and its flag
 */
export async function createEngineServer(options: EngineServerOptions): Promise<RpcServer> {
  const { engine, jwtSecret, host = '127.0.0.1', port, clock = systemClock, log = nullLogger, metrics } = options
  const api = createEthApi({ engine, clock, clientVersion: CLIENT_VERSION })
  const server = await createRpcServer({
    host,
    port,
    name: 'engine',
    what: 'the Engine API',
    portFlag: 'authrpc.port',
    methods: { ...api.methods, ...engineMethods(engine, log) },
    authenticate: jwtAuthentication(jwtSecret, clock),
    websocket: true,
    cors: null,
    maxBodyBytes: MAX_BODY_BYTES,
    clock,
    log,
    ...(metrics && { metrics }),
  })
  return {
    ...server,
    close: async () => {
      api.close()
      await server.close()
    },
  }
}
