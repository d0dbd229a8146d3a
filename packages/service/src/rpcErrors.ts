/** The codes of JSON-RPC 2.0, and those that geth's server adds. */
export const RPC_ERROR = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** A handler's plain error. */
  server: -32000,
  timeout: -32002,
} as const

/** The other side answered with a JSON-RPC error. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: unknown
  constructor(code: number, message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.data = data
  }
}

/** How servers that do not use -32601 say it. */
const UNKNOWN_METHOD =
  /(not (found|supported|available|whitelisted)|unsupported|unknown) ?method|method .*(not (found|supported|available|exist|whitelisted)|does not exist)/i

/** Whether a JSON-RPC error (anything with its code and message) says that the server has no such method, rather than that the call failed. */
export function isUnknownMethod(error: unknown): boolean {
  if (!(error instanceof Error) || typeof (error as { code?: unknown }).code !== 'number') return false
  return (error as Error & { code: number }).code === RPC_ERROR.methodNotFound || UNKNOWN_METHOD.test(error.message)
}

/** The other side could not be asked, or its answer was no JSON-RPC. `status` is that of HTTP, if it came so far. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly severity = 'temporary'
  readonly status: number | undefined
  constructor(message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options)
    this.status = options.status
  }
}

/** What a method of our server throws to choose code and data; any other error becomes -32000 with its message. */
export class RpcMethodError extends Error {
  override readonly name = 'RpcMethodError'
  readonly code: number
  readonly data: unknown
  constructor(code: number, message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.data = data
  }
}

/** The error for parameters that a method cannot take. */
export const invalidParams = (message: string) => new RpcMethodError(RPC_ERROR.invalidParams, message)
