import { type Clock, systemClock } from './clock.ts'
import { type Logger, nullLogger } from './log.ts'
import { type MetricRegistry, nullMetrics } from './metrics.ts'
import { RpcError, TransportError } from './rpcErrors.ts'

export type RpcCall = { readonly method: string; readonly params?: readonly unknown[] }
export type RpcCallOptions = { readonly signal?: AbortSignal }
export type RpcBatchResult =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: RpcError }

/** Asks a JSON-RPC 2.0 server. Rejects with {@link RpcError}, {@link TransportError} or the signal's reason. */
export interface RpcClient {
  /** `bigint` parameters are sent as quantities (`0x2a`). The result is not checked against `T`: that is the caller's. */
  request<T = unknown>(method: string, params?: readonly unknown[], options?: RpcCallOptions): Promise<T>
  /** One HTTP request for all calls; the answers stand in the order of the calls. */
  batch(calls: readonly RpcCall[], options?: RpcCallOptions): Promise<RpcBatchResult[]>
}

export type RpcClientOptions = {
  readonly url: string
  /** Asked for each HTTP request: a JWT must be fresh. */
  readonly headers?: () => Record<string, string> | Promise<Record<string, string>>
  /** For one HTTP request as a whole; 10 s. */
  readonly timeoutMs?: number
  readonly fetch?: typeof globalThis.fetch
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
  /** Value of the metrics' `rpc` label, such as `l1` or `engine-api`. */
  readonly name?: string
}

/** The metrics that op-node keeps of its RPC clients. */
export const createRpcClientMetrics = (registry: MetricRegistry) => ({
  requests: registry.counter({
    name: 'rpc_client_requests_total',
    labels: ['rpc', 'method'],
    help: 'Requests sent by an RPC client.',
  }),
  duration: registry.histogram({
    name: 'rpc_client_request_duration_seconds',
    labels: ['rpc', 'method'],
    help: 'Seconds from a request to its answer.',
  }),
  responses: registry.counter({
    name: 'rpc_client_responses_total',
    labels: ['rpc', 'method', 'error'],
    help: 'Answers received by an RPC client, by error.',
  }),
})

type WireResponse = { id?: unknown; result?: unknown; error?: { code: number; message: string; data?: unknown } }

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** How op-node labels the outcome of a call. */
function errorLabel(error: unknown): string {
  if (error instanceof RpcError) return `rpc_${error.code}`
  if (error instanceof TransportError && error.status !== undefined) return `http_${error.status}`
  return '<unknown>'
}

const encode = (value: unknown) =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `0x${item.toString(16)}` : item))

/** A client over HTTP that works in Node and in a page. */
export function createRpcClient(options: RpcClientOptions): RpcClient {
  const { url, headers, timeoutMs = 10_000, clock = systemClock, log = nullLogger, name = 'rpc' } = options
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
  const metrics = createRpcClientMetrics(options.metrics ?? nullMetrics)
  const shownUrl = withoutCredentials(url)
  // On the same machine compression costs more than it saves. A page may not set this header, and need not.
  const encoding: Record<string, string> = isLoopback(url) ? { 'accept-encoding': 'identity' } : {}
  let nextId = 1

  async function post(body: string, signal: AbortSignal | undefined): Promise<unknown> {
    signal?.throwIfAborted()
    const abort = new AbortController()
    const onAbort = () => abort.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const late = new TransportError(`no answer from ${shownUrl} within ${timeoutMs} ms`)
    const cancelTimeout = clock.setTimeout(() => abort.abort(late), timeoutMs)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...encoding, ...(await headers?.()) },
        body,
        signal: abort.signal,
      })
      const text = await response.text()
      if (!response.ok) {
        const reason = text.trim().slice(0, 200) || response.statusText
        throw new TransportError(`${shownUrl} answered HTTP ${response.status}: ${reason}`, { status: response.status })
      }
      try {
        return JSON.parse(text) as unknown
      } catch (cause) {
        throw new TransportError(`${shownUrl} answered something that is not JSON: ${text.slice(0, 100)}`, { cause })
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (error instanceof TransportError) throw error
      if (abort.signal.aborted) throw late
      throw new TransportError(`cannot reach ${shownUrl}: ${causeText(error)}`, { cause: error })
    } finally {
      cancelTimeout()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Sends and measures: `method` is the label, `<batch>` for a batch as a whole. */
  async function measured<T>(method: string, send: () => Promise<T>): Promise<T> {
    const start = clock.now()
    metrics.requests.inc({ rpc: name, method })
    let error = '<nil>'
    try {
      return await send()
    } catch (cause) {
      error = errorLabel(cause)
      log.debug('RPC request failed', { rpc: name, method, err: cause })
      throw cause
    } finally {
      metrics.duration.observe({ rpc: name, method }, (clock.now() - start) / 1000)
      metrics.responses.inc({ rpc: name, method, error })
    }
  }

  return {
    request<T>(method: string, params: readonly unknown[] = [], call: RpcCallOptions = {}): Promise<T> {
      return measured(method, async () => {
        const id = nextId++
        const outcome = outcomeOf(await post(encode({ jsonrpc: '2.0', id, method, params }), call.signal), shownUrl)
        if (!outcome.ok) throw outcome.error
        return outcome.result as T
      })
    },

    async batch(calls, call = {}) {
      if (calls.length === 0) return []
      return measured('<batch>', async () => {
        const first = nextId
        nextId += calls.length
        const body = calls.map(({ method, params = [] }, i) => ({ jsonrpc: '2.0', id: first + i, method, params }))
        const answer = await post(encode(body), call.signal)
        // A server that cannot take the batch answers with one error object.
        if (!Array.isArray(answer)) {
          const outcome = outcomeOf(answer, shownUrl)
          throw outcome.ok ? new TransportError(`${shownUrl} answered a batch with one result`) : outcome.error
        }
        const byId = new Map<unknown, unknown>(answer.filter(isObject).map((item) => [item.id, item]))
        return calls.map((_, i): RpcBatchResult => {
          const item = byId.get(first + i)
          if (item === undefined) throw new TransportError(`${shownUrl} left out an answer of a batch`)
          return outcomeOf(item, shownUrl)
        })
      })
    },
  }
}

function outcomeOf(answer: unknown, shownUrl: string): RpcBatchResult {
  if (!isObject(answer)) throw new TransportError(`${shownUrl} answered something that is not JSON-RPC`)
  const { error, result } = answer as WireResponse
  if (error !== undefined && error !== null) {
    const code = typeof error.code === 'number' ? error.code : -32603
    return { ok: false, error: new RpcError(code, String(error.message ?? 'unknown error'), error.data) }
  }
  if (!('result' in answer)) throw new TransportError(`${shownUrl} answered with neither result nor error`)
  return { ok: true, result }
}

/** `fetch` hides the reason ("connect ECONNREFUSED …") in the cause, sometimes behind several addresses. */
function causeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message
  return cause instanceof Error && cause.message ? cause.message : error.message
}

/** A URL as it may be logged: user, password, path and query left out, since providers put keys there. */
export function withoutCredentials(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    return `${protocol}//${host}${pathname === '/' ? '' : '/…'}`
  } catch {
    return 'an unreadable URL'
  }
}

const isLoopback = (url: string): boolean =>
  URL.canParse(url) && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)
