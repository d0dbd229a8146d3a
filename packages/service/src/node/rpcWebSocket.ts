import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Clock, every } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { RpcDispatcher } from './rpcDispatcher.ts'

type Options = {
  readonly server: Server
  readonly dispatcher: RpcDispatcher
  readonly authenticate: (request: IncomingMessage) => Promise<string | null>
  readonly maxBodyBytes: number
  readonly clock: Clock
  readonly log: Logger
}

/** A reader that falls this far behind is disconnected. */
const MAX_BUFFERED_BYTES = 32 * 1024 * 1024
/** Requests of one connection that are worked on at a time; past them the socket is not read. */
const MAX_IN_FLIGHT = 100
const PING_INTERVAL_MS = 30_000

/** Serves the dispatcher to WebSocket clients of an HTTP server. */
export function attachWebSocket({ server, dispatcher, authenticate, maxBodyBytes, clock, log }: Options) {
  const wss = new WebSocketServer({ noServer: true, maxPayload: maxBodyBytes })
  const alive = new WeakSet<WebSocket>()

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    void authenticate(request).then((refused) => {
      if (refused !== null) {
        socket.end(
          `HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: ${refused.length}\r\n\r\n${refused}`,
        )
      } else wss.handleUpgrade(request, socket, head, accept)
    })
  })

  function accept(socket: WebSocket) {
    const gone = new AbortController()
    const closers: (() => void)[] = []
    let inFlight = 0
    alive.add(socket)
    const send = (text: string) => {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        log.warn('Dropped a WebSocket client that does not read', { bufferedBytes: socket.bufferedAmount })
        socket.terminate()
      } else socket.send(text)
    }
    const connection = {
      transport: 'websocket' as const,
      signal: gone.signal,
      identity: socket,
      send,
      onClose: (fn: () => void) => {
        if (gone.signal.aborted) fn()
        else closers.push(fn)
      },
    }
    socket.on('pong', () => alive.add(socket))
    socket.on('error', (error) => log.debug('WebSocket failed', { err: error }))
    socket.on('close', () => {
      gone.abort(new Error('the connection was closed'))
      for (const fn of closers.splice(0)) fn()
    })
    socket.on('message', (data) => {
      if (++inFlight >= MAX_IN_FLIGHT) socket.pause()
      void dispatcher.handle(data.toString(), connection).then(({ text, after }) => {
        if (text !== null) send(text)
        after()
        if (--inFlight < MAX_IN_FLIGHT && socket.isPaused) socket.resume()
      })
    })
  }

  const stopPings = every(clock, PING_INTERVAL_MS, () => {
    for (const socket of wss.clients) {
      if (!alive.has(socket)) socket.terminate()
      alive.delete(socket)
      socket.ping()
    }
  })
  return {
    close() {
      stopPings()
      for (const socket of wss.clients) socket.terminate()
      wss.close()
    },
  }
}
