import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createJwt, createRpcClient, jwtHeaders, RpcMethodError, systemClock } from '../src/index.ts'
import {
  createMetricRegistry,
  createMetricsServer,
  createRpcServer,
  jwtAuthentication,
  type RpcServerOptions,
  readOrCreateJwtSecret,
  subscriptionMethods,
} from '../src/node/index.ts'
import { ManualClock, recordedLogs, settle } from '../testing/index.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function serve(options: Partial<RpcServerOptions> = {}) {
  const server = await createRpcServer({
    host: '127.0.0.1',
    port: 0,
    version: 'v1',
    methods: {
      test_echo: ([value]) => value,
      test_big: () => ({ n: 255n }),
      test_nothing: () => {},
      test_fail: () => Promise.reject(new Error('went wrong')),
      test_coded: () => {
        throw new RpcMethodError(-38001, 'unknown payload', { id: 1 })
      },
      test_crash: () => (undefined as unknown as { x: string }).x,
    },
    ...options,
  })
  open.push(server)
  return server
}

const post = (url: string, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(url, { method: 'POST', body, headers })
const call = (method: string, params?: unknown, id: unknown = 1) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params })
const ask = async (url: string, body: string) => (await post(url, body)).json()

describe('JSON-RPC over HTTP', () => {
  it('answers calls, with null for nothing and quantities for bigint', async () => {
    const { url } = await serve()
    expect(await ask(url, call('test_echo', ['a']))).toEqual({ jsonrpc: '2.0', id: 1, result: 'a' })
    expect(await ask(url, call('test_big'))).toMatchObject({ result: { n: '0xff' } })
    expect(await ask(url, call('test_nothing'))).toMatchObject({ result: null })
  })

  it('gives the error codes of the reference', async () => {
    const { url } = await serve()
    const code = async (body: string) => ((await ask(url, body)) as { error: { code: number } }).error.code
    expect(await code(call('test_fail'))).toBe(-32000)
    expect(await code(call('test_coded'))).toBe(-38001)
    expect(await code(call('test_none'))).toBe(-32601)
    expect(await code(call('constructor'))).toBe(-32601)
    expect(await code(call('test_echo', { a: 1 }))).toBe(-32602)
    expect(await code('{')).toBe(-32700)
    expect(await code('{"id":1}')).toBe(-32600)
    expect(await code('[]')).toBe(-32600)
    expect(await code(call('test_crash'))).toBe(-32603)
    expect(await ask(url, call('test_none'))).toMatchObject({
      error: { message: 'the method test_none does not exist/is not available' },
    })
  })

  it('answers batches without their notifications', async () => {
    const { url } = await serve({ maxBatch: 3 })
    const note = '{"jsonrpc":"2.0","method":"test_echo"}'
    expect(await ask(url, `[${call('test_echo', [1], 'a')},${note},${call('test_fail', [], 2)}]`)).toMatchObject([
      { id: 'a', result: 1 },
      { id: 2, error: { code: -32000 } },
    ])
    expect(await (await post(url, `[${note}]`)).text()).toBe('')
    expect(await ask(url, `[${note},${note},${note},${note}]`)).toMatchObject({ error: { message: 'batch too large' } })
  })

  it('refuses content types, sizes and verbs by status', async () => {
    const { url } = await serve({ maxBodyBytes: 200 })
    expect((await post(url, call('test_echo'), { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post(url, call('test_echo'), { 'content-type': 'application/json-rpc; charset=utf-8' })).status).toBe(
      200,
    )
    expect((await post(url, call('test_echo', ['x'.repeat(300)]))).status).toBe(413)
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(call('test_echo', ['x'.repeat(300)])))
        controller.close()
      },
    })
    const chunked = { method: 'POST', body: stream, duplex: 'half', headers: { 'content-type': 'application/json' } }
    expect((await fetch(url, chunked as RequestInit)).status).toBe(413)
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(405)
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405)
    const empty = await fetch(url)
    expect([empty.status, await empty.text()]).toEqual([200, ''])
  })

  it('serves health, modules, CORS and gzip', async () => {
    const { url } = await serve()
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ version: 'v1' })
    expect(await ask(url, call('health_status'))).toMatchObject({ result: 'v1' })
    expect(await ask(url, call('rpc_modules'))).toMatchObject({ result: { health: '1.0', rpc: '1.0', test: '1.0' } })
    const answer = await post(url, call('test_echo', ['x'.repeat(1000)]), {
      'content-type': 'application/json',
      'accept-encoding': 'gzip',
      origin: 'http://page',
    })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(await answer.json()).toMatchObject({ result: 'x'.repeat(1000) })
  })

  it('is not asked to compress by a client on the same machine', async () => {
    let asked: unknown
    const { url } = await serve({
      authenticate: (request) => {
        asked = request.headers['accept-encoding']
        return null
      },
    })
    await createRpcClient({ url }).request('test_echo', [1])
    expect(asked).toBe('identity')
  })

  it('ends a call that takes too long with -32002', async () => {
    const clock = new ManualClock()
    const aborted = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const { url } = await serve({
      clock,
      timeoutMs: 1000,
      methods: {
        test_hang: (_, { signal }) => {
          signal.addEventListener('abort', () => aborted.resolve())
          started.resolve()
          return new Promise(() => {})
        },
      },
    })
    const answer = ask(url, call('test_hang'))
    await started.promise
    await clock.advance(1000)
    expect(await answer).toMatchObject({ error: { code: -32002, message: 'request timed out' } })
    await aborted.promise
  })

  it('names the port and the flag when the port is taken', async () => {
    const { port } = await serve()
    await expect(serve({ port, portFlag: 'rpc.port', what: 'the rollup RPC' })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port} for the rollup RPC: port ${port} is already in use; choose another with --rpc.port`,
    )
  })
})

describe('JWT', () => {
  it('lets in who knows the secret, and warns of a wrong one once', async () => {
    const secret = new Uint8Array(32).fill(1)
    const { log, lines } = recordedLogs()
    const { url } = await serve({ authenticate: jwtAuthentication(secret), log })
    const client = (s: Uint8Array) => createRpcClient({ url, headers: jwtHeaders(s, systemClock) })
    expect(await client(secret).request('test_echo', [1])).toBe(1)
    for (let i = 0; i < 3; i++) {
      await expect(client(new Uint8Array(32)).request('test_echo')).rejects.toMatchObject({ status: 401 })
    }
    expect(lines.filter((line) => line.level === 'warn')).toHaveLength(1)
    expect(lines[0]?.fields.reason).toContain('secrets differ')
    expect((await post(url, call('test_echo'))).status).toBe(401)
  })

  it('keeps the secret in a file only its owner reads', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'service-')), 'sub', 'jwt.txt')
    const secret = await readOrCreateJwtSecret(path)
    expect(secret).toHaveLength(32)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(path, 'utf8')).toMatch(/^0x[0-9a-f]{64}$/)
    expect(await readOrCreateJwtSecret(path)).toEqual(secret)
    await writeFile(path, `  ${Buffer.from(secret).toString('hex')}\n`)
    expect(await readOrCreateJwtSecret(path)).toEqual(secret)
    await writeFile(path, 'short')
    await expect(readOrCreateJwtSecret(path)).rejects.toThrow('is not 32 bytes of hex')
  })
})

describe('JSON-RPC over WebSocket', () => {
  function connect(url: string, headers: Record<string, string> = {}) {
    const socket = new WebSocket(url, { headers })
    const messages: unknown[] = []
    let wake = () => {}
    socket.on('message', (data) => {
      messages.push(JSON.parse(data.toString()))
      wake()
    })
    const next = async () => {
      while (messages.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return messages.shift()
    }
    const opened = new Promise<void>((resolve, reject) => {
      socket.on('open', resolve)
      socket.on('error', reject)
    })
    return { socket, next, opened }
  }

  it('answers calls and sends notifications after the id of their subscription', async () => {
    const listeners = new Set<(n: number) => void>()
    const { wsUrl, url } = await serve({
      websocket: true,
      methods: subscriptionMethods('eth', {
        newHeads: (_, emit) => {
          emit('first')
          listeners.add(emit)
          return () => listeners.delete(emit)
        },
      }),
    })
    const { socket, next, opened } = connect(wsUrl)
    await opened
    socket.send(call('eth_subscribe', ['newHeads']))
    const { result: id } = (await next()) as { result: string }
    expect(id).toMatch(/^0x[0-9a-f]{32}$/)
    expect(await next()).toEqual({
      jsonrpc: '2.0',
      method: 'eth_subscription',
      params: { subscription: id, result: 'first' },
    })
    for (const emit of listeners) emit(2)
    expect(await next()).toMatchObject({ params: { result: 2 } })
    socket.send(call('eth_unsubscribe', [id]))
    expect(await next()).toMatchObject({ result: true })
    socket.send(call('eth_subscribe', ['blobs']))
    expect(await next()).toMatchObject({ error: { code: -32601 } })
    expect(await ask(url, call('eth_subscribe', ['newHeads']))).toMatchObject({
      error: { message: 'notifications not supported' },
    })
    socket.send(call('eth_subscribe', ['newHeads']))
    await next()
    expect(listeners.size).toBe(1)
    socket.close()
    while (listeners.size > 0) await settle()
  })

  it('asks for a token before the upgrade', async () => {
    const secret = new Uint8Array(32).fill(2)
    const { wsUrl } = await serve({ websocket: true, authenticate: jwtAuthentication(secret) })
    await expect(connect(wsUrl).opened).rejects.toThrow('401')
    const token = await createJwt(secret, Date.now() / 1000)
    const { socket, next, opened } = connect(wsUrl, { authorization: `Bearer ${token}` })
    await opened
    socket.send(call('test_echo', [1]))
    expect(await next()).toMatchObject({ result: 1 })
  })
})

it('serves metrics on every path under their full names', async () => {
  const registry = createMetricRegistry({ prefix: 'op_node_default' })
  registry.counter({ name: 'frames_total', help: 'Frames.', labels: ['reason'] }).inc({ reason: 'bad' }, 2)
  registry.gauge({ name: 'up', help: 'Up.' }).set(1)
  registry.histogram({ name: 'seconds', help: 'S.', buckets: [1, 2] }).observe(1.5)
  const server = await createMetricsServer({ host: '127.0.0.1', port: 0, registry })
  open.push(server)
  const text = await (await fetch(`${server.url}/any/path`)).text()
  expect(text).toContain('op_node_default_frames_total{reason="bad"} 2')
  expect(text).toContain('op_node_default_up 1')
  expect(text).toContain('op_node_default_seconds_bucket{le="2"} 1')
})
