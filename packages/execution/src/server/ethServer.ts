import { bytesToHex, type Hash } from '@keelson/protocol'
import {
  type Clock,
  createRpcClient,
  type Logger,
  type MetricRegistry,
  nullLogger,
  RpcError,
  RpcMethodError,
  systemClock,
} from '@keelson/service'
import { createRpcServer, type RpcServer, subscriptionMethods } from '@keelson/service/node'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { createEthApi } from '../rpc/ethApi.ts'
import type { TransactionForwarder } from '../rpc/poolMethods.ts'
import { CLIENT_VERSION } from './clientVersion.ts'

export type EthServerOptions = {
  readonly engine: ExecutionEngine
  readonly host?: string
  /** 0 takes any free port. HTTP and WebSocket share it unless `wsPort` is given. */
  readonly port: number
  /** Serves WebSocket on a port of its own. */
  readonly wsPort?: number
  readonly wsHost?: string
  /** Allowed origin of pages; `*`. */
  readonly cors?: string | null
  /** Where transactions are passed on to; left out, they stay here. */
  readonly sequencerUrl?: string
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

/** `url` and `wsUrl` are where wallets connect to. */
export type EthServer = {
  readonly url: string
  readonly wsUrl: string
  readonly port: number
  close(): Promise<void>
}

const MAX_BODY_BYTES = 10 * 1024 * 1024
const MAX_BATCH = 1000

/**
 * The public endpoint: `eth_`, `net_`, `web3_`, `txpool_`, `debug_`, `miner_`, over HTTP and WebSocket.
 *
 * @throws {ListenError} naming the port and its flag
 */
export async function createEthServer(options: EthServerOptions): Promise<EthServer> {
  const { engine, host = '127.0.0.1', port, wsPort, clock = systemClock, log = nullLogger, metrics, cors } = options
  const forward = options.sequencerUrl === undefined ? undefined : forwarderTo(options.sequencerUrl, log)
  const api = createEthApi({ engine, clock, clientVersion: CLIENT_VERSION, ...(forward && { forward }) })
  const methods = { ...api.methods, ...subscriptionMethods('eth', api.subscriptions) }
  const common = {
    methods,
    maxBodyBytes: MAX_BODY_BYTES,
    maxBatch: MAX_BATCH,
    clock,
    log,
    ...(metrics && { metrics }),
    ...(cors !== undefined && { cors }),
  }
  const ownWs = wsPort !== undefined && wsPort !== port
  const http = await createRpcServer({
    ...common,
    host,
    port,
    name: 'eth',
    what: 'the eth JSON-RPC',
    portFlag: 'http.port',
    websocket: true,
  })
  let ws: RpcServer | null = null
  try {
    if (ownWs) {
      ws = await createRpcServer({
        ...common,
        host: options.wsHost ?? host,
        port: wsPort,
        name: 'eth-ws',
        what: 'the eth JSON-RPC over WebSocket',
        portFlag: 'ws.port',
        websocket: true,
      })
    }
  } catch (error) {
    await http.close()
    api.close()
    throw error
  }
  return {
    url: http.url,
    wsUrl: (ws ?? http).wsUrl,
    port: http.port,
    close: async () => {
      api.close()
      await ws?.close()
      await http.close()
    },
  }
}

function forwarderTo(url: string, log: Logger): TransactionForwarder {
  const sequencer = createRpcClient({ url, timeoutMs: 10_000, log, name: 'sequencer' })
  return async (tx) => {
    try {
      return await sequencer.request<Hash>('eth_sendRawTransaction', [bytesToHex(tx)])
    } catch (error) {
      if (error instanceof RpcError) throw new RpcMethodError(error.code, error.message, error.data)
      throw new RpcMethodError(-32000, `the sequencer cannot be reached: ${(error as Error).message}`)
    }
  }
}
