import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that cannot listen. Names the address and, where known, the flag to change. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly severity = 'critical'
  readonly port: number
  readonly flag: string | undefined
  constructor(what: string, host: string, port: number, flag: string | undefined, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code
    const why = code === 'EADDRINUSE' ? `port ${port} is already in use` : (cause as Error).message
    super(`cannot listen on ${host}:${port} for ${what}: ${why}${flag ? `; choose another with --${flag}` : ''}`, {
      cause,
    })
    this.port = port
    this.flag = flag
  }
}

export type HttpServerOptions = {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** What the server is for, in error messages: `the RPC`. */
  readonly what?: string
  /** The flag that sets the port, without dashes, for the message of a port in use. */
  readonly portFlag?: string
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
}

export type HttpServer = {
  readonly url: string
  readonly port: number
  readonly server: Server
  /** Stops listening and ends open connections. */
  close(): Promise<void>
}

/**
 * Listens with op-node's time limits: 30 s for a request, 120 s for an idle connection.
 *
 * @throws {ListenError}
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, what = 'HTTP', handle } = options
  const server = createServer((request, response) => {
    void (async () => {
      try {
        await handle(request, response)
      } catch {
        if (!response.headersSent) response.writeHead(500)
        response.end()
      }
    })()
  })
  server.requestTimeout = 30_000
  server.headersTimeout = 30_000
  server.keepAliveTimeout = 120_000

  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new ListenError(what, host, port, options.portFlag, cause)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      // From now on an error is that of a connection that could not be accepted (no more file descriptors): its own end.
      server.on('error', () => {})
      resolve()
    })
  })
  const bound = (server.address() as AddressInfo).port
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${shownHost}:${bound}`,
    port: bound,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
