import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { MetricRegistry } from '../metrics.ts'
import { RPC_ERROR, RpcError, RpcMethodError } from '../rpcErrors.ts'

/** What a method is told of the request it answers. */
export type RpcContext = {
  readonly transport: 'http' | 'websocket'
  /** Aborts when the connection is gone or the request took too long. */
  readonly signal: AbortSignal
  /** The same object for all requests of one WebSocket connection. */
  readonly connection: object
  /**
   * Sends a notification on this connection; one made before the reply is out is sent right after it.
   *
   * @throws {RpcMethodError} -32601 over HTTP, which has nowhere to send it
   */
  notify(method: string, params: unknown): void
  /** Calls `fn` when the connection has closed. */
  onClose(fn: () => void): void
}

export type RpcMethod = (params: readonly unknown[], context: RpcContext) => unknown | Promise<unknown>
export type RpcMethods = Readonly<Record<string, RpcMethod>>

/** What a connection offers to the calls that come over it. */
export type RpcConnection = {
  readonly transport: RpcContext['transport']
  readonly signal: AbortSignal
  readonly identity: object
  /** `null`: this transport cannot. */
  readonly send: ((text: string) => void) | null
  onClose(fn: () => void): void
}

export type RpcDispatcherOptions = {
  readonly methods: RpcMethods
  readonly maxBatch: number
  readonly timeoutMs: number
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricRegistry
}

/** The metrics that op-node keeps of its RPC server. */
export const createRpcServerMetrics = (registry: MetricRegistry) => ({
  requests: registry.counter({
    name: 'rpc_server_requests_total',
    labels: ['rpc', 'method'],
    help: 'Requests received by the RPC server.',
  }),
  duration: registry.histogram({
    name: 'rpc_server_request_duration_seconds',
    labels: ['rpc', 'method'],
    help: 'Seconds spent on a request.',
  }),
  responses: registry.counter({
    name: 'rpc_server_responses_total',
    labels: ['rpc', 'method', 'error'],
    help: 'Answers of the RPC server, by error.',
  }),
})

type Reply = { readonly jsonrpc: '2.0'; readonly id: unknown } & (
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }
)

const failure = (id: unknown, code: number, message: string, data?: unknown): Reply => ({
  jsonrpc: '2.0',
  id,
  error: { code, message, ...(data === undefined ? {} : { data }) },
})

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isId = (id: unknown) => id === null || typeof id === 'string' || typeof id === 'number'

/** JSON as our servers write it: `bigint` becomes a quantity (`0x2a`), a missing result `null`. */
export const encodeRpcJson = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `0x${item.toString(16)}` : item))

/**
 * JSON-RPC 2.0 without a transport: text in, text out, or `null` when nothing is to be answered.
 *
 * `after` must be called when the text has been sent: it lets go of notifications that were waiting for that.
 */
export function createRpcDispatcher(options: RpcDispatcherOptions) {
  const { methods, maxBatch, timeoutMs, name, clock, log } = options
  const metrics = createRpcServerMetrics(options.metrics)

  async function answer(message: unknown, connection: RpcConnection, waiting: (() => void)[], done: () => boolean) {
    if (!isObject(message) || message.jsonrpc !== '2.0' || typeof message.method !== 'string') {
      const id = isObject(message) && isId(message.id) ? (message.id ?? null) : null
      return failure(id, RPC_ERROR.invalidRequest, 'invalid request')
    }
    const isNotification = !('id' in message)
    if (!isNotification && !isId(message.id)) return failure(null, RPC_ERROR.invalidRequest, 'invalid request')
    const reply = await call(message.method, message.params, message.id, connection, waiting, done)
    return isNotification ? null : reply
  }

  async function call(
    method: string,
    params: unknown,
    id: unknown,
    connection: RpcConnection,
    waiting: (() => void)[],
    done: () => boolean,
  ): Promise<Reply> {
    const handler = Object.hasOwn(methods, method) ? methods[method] : undefined
    // Names that nobody serves come from the caller: they must not make new series.
    const labels = { rpc: name, method: handler ? method : '<unknown>' }
    const start = clock.now()
    metrics.requests.inc(labels)
    const reply = await (async () => {
      if (!handler) {
        return failure(id, RPC_ERROR.methodNotFound, `the method ${method} does not exist/is not available`)
      }
      if (params !== undefined && params !== null && !Array.isArray(params)) {
        return failure(id, RPC_ERROR.invalidParams, 'non-array args')
      }
      return run(method, handler, (params ?? []) as unknown[], id, connection, waiting, done)
    })()
    metrics.duration.observe(labels, (clock.now() - start) / 1000)
    metrics.responses.inc({ ...labels, error: 'error' in reply ? `rpc_${reply.error.code}` : '<nil>' })
    return reply
  }

  async function run(
    method: string,
    handler: RpcMethod,
    params: readonly unknown[],
    id: unknown,
    connection: RpcConnection,
    waiting: (() => void)[],
    done: () => boolean,
  ): Promise<Reply> {
    const abort = new AbortController()
    const late = new RpcMethodError(RPC_ERROR.timeout, 'request timed out')
    let cancelTimeout = () => {}
    const timedOut = new Promise<never>((_, reject) => {
      cancelTimeout = clock.setTimeout(() => {
        abort.abort(late)
        reject(late)
      }, timeoutMs)
    })
    timedOut.catch(() => {})
    const context: RpcContext = {
      transport: connection.transport,
      signal: AbortSignal.any([abort.signal, connection.signal]),
      connection: connection.identity,
      notify: (notification, data) => {
        const { send } = connection
        if (!send) throw new RpcMethodError(RPC_ERROR.methodNotFound, 'notifications not supported')
        const text = encodeRpcJson({ jsonrpc: '2.0', method: notification, params: data })
        if (done()) send(text)
        else waiting.push(() => send(text))
      },
      onClose: (fn) => connection.onClose(fn),
    }
    try {
      const result = await Promise.race([handler(params, context), timedOut])
      return { jsonrpc: '2.0', id, result: result === undefined ? null : result }
    } catch (error) {
      if (error instanceof RpcMethodError || error instanceof RpcError) {
        return failure(id, error.code, error.message, error.data)
      }
      // A TypeError or the like is a fault of ours, not an answer.
      if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
        log.error('RPC method crashed', { method, err: error })
        return failure(id, RPC_ERROR.internal, 'method handler crashed')
      }
      return failure(id, RPC_ERROR.server, error instanceof Error ? error.message : String(error))
    } finally {
      cancelTimeout()
    }
  }

  function encodeReply(reply: Reply): string {
    try {
      return encodeRpcJson(reply)
    } catch (error) {
      log.error('Could not encode an RPC result', { err: error })
      return encodeRpcJson(failure(reply.id, RPC_ERROR.internal, 'could not encode the result'))
    }
  }

  return {
    async handle(text: string, connection: RpcConnection): Promise<{ text: string | null; after: () => void }> {
      const waiting: (() => void)[] = []
      let sent = false
      const done = () => sent
      const after = () => {
        sent = true
        for (const send of waiting.splice(0)) send()
      }
      const only = (reply: Reply | null) => ({ text: reply && encodeReply(reply), after })

      let message: unknown
      try {
        message = JSON.parse(text)
      } catch {
        return only(failure(null, RPC_ERROR.parse, 'parse error'))
      }
      if (!Array.isArray(message)) return only(await answer(message, connection, waiting, done))
      if (message.length === 0) return only(failure(null, RPC_ERROR.invalidRequest, 'empty batch'))
      if (message.length > maxBatch) return only(failure(null, RPC_ERROR.invalidRequest, 'batch too large'))
      const replies: string[] = []
      for (const item of message) {
        const reply = await answer(item, connection, waiting, done)
        if (reply) replies.push(encodeReply(reply))
      }
      return { text: replies.length > 0 ? `[${replies.join(',')}]` : null, after }
    },
  }
}

export type RpcDispatcher = ReturnType<typeof createRpcDispatcher>
