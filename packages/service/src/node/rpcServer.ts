import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Clock, systemClock } from '../clock.ts'
import { type Logger, nullLogger } from '../log.ts'
import { type MetricRegistry, nullMetrics } from '../metrics.ts'
import { createHttpServer } from './httpServer.ts'
import { createRpcDispatcher, type RpcDispatcher, type RpcMethods } from './rpcDispatcher.ts'
import { attachWebSocket } from './rpcWebSocket.ts'

export type RpcServerOptions = {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly methods: RpcMethods
  /** `null` lets the request in, a text is the reason why not: 401. */
  readonly authenticate?: (request: IncomingMessage) => Promise<string | null> | string | null
  /** Also serve WebSocket on the same port. */
  readonly websocket?: boolean
  /** 5 MiB; larger bodies get 413. */
  readonly maxBodyBytes?: number
  /** Calls in one batch; 1000. */
  readonly maxBatch?: number
  /** For one call; 30 s. */
  readonly timeoutMs?: number
  /** Allowed origin of pages; `*` (op-node's), `null` for none. */
  readonly cors?: string | null
  /** `GET /healthz` answers `{"version": …}` and `health_status` the text; left out, there is no such route. */
  readonly version?: string
  /** Value of the metrics' `rpc` label; `main`. */
  readonly name?: string
  /** What the server is for and the flag that sets its port, for error messages. */
  readonly what?: string
  readonly portFlag?: string
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

export type RpcServer = { readonly url: string; readonly wsUrl: string; readonly port: number; close(): Promise<void> }

const CONTENT_TYPES = ['application/json', 'application/json-rpc', 'application/jsonrequest']
const compress = promisify(gzip)

/**
 * JSON-RPC 2.0 over HTTP POST, and over WebSocket where asked for, as geth's and op-node's servers answer.
 *
 * A method's result may hold `bigint` (sent as quantity); a plain error becomes -32000, an `RpcMethodError` what it says.
 *
 * @throws {ListenError} the port is taken or not allowed
 */
export async function createRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { clock = systemClock, log = nullLogger, metrics = nullMetrics, name = 'main', timeoutMs = 30_000 } = options
  const { maxBodyBytes = 5 * 1024 * 1024, maxBatch = 1000, cors = '*', version } = options
  const methods: RpcMethods = {
    ...(version === undefined ? {} : { health_status: () => version }),
    rpc_modules: () => namespaces(methods),
    ...options.methods,
  }
  const dispatcher = createRpcDispatcher({ methods, maxBatch, timeoutMs, name, clock, log, metrics })
  const authenticate = loggedAuthentication(options.authenticate, log)

  const http = await createHttpServer({
    host: options.host,
    port: options.port,
    what: options.what ?? `the ${name} RPC`,
    ...(options.portFlag === undefined ? {} : { portFlag: options.portFlag }),
    handle: async (request, response) => {
      if (cors !== null) response.setHeader('access-control-allow-origin', cors)
      if (request.method === 'OPTIONS') return preflight(request, response)
      const path = (request.url ?? '/').split('?')[0]
      if (version !== undefined && request.method === 'GET' && path === '/healthz') {
        return finish(response, 200, JSON.stringify({ version }), 'application/json')
      }
      const refused = await authenticate(request)
      if (refused !== null) return finish(response, 401, `${refused}\n`)
      await serve(request, response, dispatcher, maxBodyBytes)
    },
  })
  const sockets = options.websocket
    ? attachWebSocket({ server: http.server, dispatcher, authenticate, maxBodyBytes, clock, log })
    : null
  return {
    url: http.url,
    wsUrl: http.url.replace(/^http/, 'ws'),
    port: http.port,
    close: async () => {
      sockets?.close()
      await http.close()
    },
  }
}

const namespaces = (methods: RpcMethods) =>
  Object.fromEntries(
    [...new Set(Object.keys(methods).map((method) => method.split('_')[0] as string))].map((n) => [n, '1.0']),
  )

/** Logs refusals: the first of each reason as a warning, the rest for whoever debugs. */
function loggedAuthentication(authenticate: RpcServerOptions['authenticate'], log: Logger) {
  const warned = new Set<string>()
  return async (request: IncomingMessage): Promise<string | null> => {
    const reason = (await authenticate?.(request)) ?? null
    if (reason !== null) {
      const fields = { reason, remote: request.socket.remoteAddress }
      if (warned.has(reason)) log.debug('Refused an unauthenticated request', fields)
      else log.warn('Refused an unauthenticated request', fields)
      warned.add(reason)
    }
    return reason
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  dispatcher: RpcDispatcher,
  maxBodyBytes: number,
) {
  if (request.method === 'PUT' || request.method === 'DELETE') return finish(response, 405, 'method not allowed\n')
  const length = Number(request.headers['content-length'] ?? 0)
  if (request.method === 'GET' && length === 0) return finish(response, 200, '')
  if (length > maxBodyBytes) return tooLarge(response, length, maxBodyBytes)
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (!CONTENT_TYPES.includes(type)) {
    return finish(response, 415, `invalid content type, only ${CONTENT_TYPES.join(', ')} are supported\n`)
  }
  const body = await readBody(request, maxBodyBytes)
  if (body === null) return tooLarge(response, maxBodyBytes + 1, maxBodyBytes)

  const gone = new AbortController()
  const closers: (() => void)[] = []
  response.on('close', () => {
    gone.abort(new Error('the connection was closed'))
    for (const fn of closers) fn()
  })
  const { text, after } = await dispatcher.handle(body, {
    transport: 'http',
    signal: gone.signal,
    identity: response,
    send: null,
    onClose: (fn) => closers.push(fn),
  })
  const gzipped = text !== null && /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')
  if (gzipped) {
    response.setHeader('content-encoding', 'gzip')
    response.setHeader('vary', 'accept-encoding')
  }
  finish(response, 200, gzipped ? await compress(text) : (text ?? ''), 'application/json')
  after()
}

function finish(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  type = 'text/plain; charset=utf-8',
) {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function tooLarge(response: ServerResponse, length: number, limit: number) {
  // The rest of the body is not wanted: the connection cannot be used again.
  response.setHeader('connection', 'close')
  finish(response, 413, `content length too large (${length}>${limit})\n`)
}

function preflight(request: IncomingMessage, response: ServerResponse) {
  response.setHeader('access-control-allow-methods', 'POST, GET')
  const wanted = request.headers['access-control-request-headers']
  if (wanted !== undefined) response.setHeader('access-control-allow-headers', wanted)
  response.setHeader('access-control-max-age', '600')
  response.writeHead(204)
  response.end()
}

/** `null`: longer than allowed. */
function readBody(request: IncomingMessage, limit: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) {
        request.pause()
        resolve(null)
      } else chunks.push(chunk)
    })
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on('error', reject)
  })
}
