import { createJwt, createLogger } from '@keelson/service'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { devGenesis } from '../../testing/devChain.ts'
import { type ExecutionService, startExecutionService } from './executionService.ts'

const secret = new Uint8Array(32).fill(3)

describe('Engine API server', () => {
  const lines: string[] = []
  let service: ExecutionService
  beforeAll(async () => {
    const log = createLogger({ level: 'debug', write: (line) => lines.push(line) })
    service = await startExecutionService({
      genesis: devGenesis(),
      auth: { port: 0, jwtSecret: secret },
      rpc: { port: 0 },
      log,
    })
  })
  afterAll(() => service.close())

  const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const call = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }
  const withToken = async (key: Uint8Array, atSeconds: number, body: unknown = call) =>
    post(service.authUrl, body, { authorization: `Bearer ${await createJwt(key, atSeconds)}` })
  const now = () => Date.now() / 1000

  it('lets in a fresh token of the shared secret', async () => {
    const response = await withToken(secret, now())
    expect(await response.json()).toMatchObject({ result: '0x385' })
  })

  it('answers 401 to no token, a wrong secret and a stale token, and warns once of each', async () => {
    for (let i = 0; i < 3; i++) {
      expect((await post(service.authUrl, call)).status).toBe(401)
      expect((await withToken(new Uint8Array(32), now())).status).toBe(401)
      expect((await withToken(secret, now() - 120)).status).toBe(401)
      expect((await withToken(secret, now() + 120)).status).toBe(401)
    }
    const warnings = lines.filter((line) => line.includes('lvl=warn') && line.includes('unauthenticated'))
    expect(warnings.length).toBeGreaterThanOrEqual(3)
    expect(new Set(warnings.map((line) => line.replace(/^t=\S+/, ''))).size).toBe(warnings.length)
  })

  it('answers garbage with the standard errors and stays up', async () => {
    const json = async (body: unknown) => (await withToken(secret, now(), body)).json()
    expect(await json('{')).toMatchObject({ error: { code: -32700 } })
    expect(await json([])).toMatchObject({ error: { code: -32600 } })
    expect(await json({ ...call, method: 'engine_nothing' })).toMatchObject({ error: { code: -32601 } })
    expect(await json({ ...call, method: 'engine_newPayloadV4', params: [null] })).toMatchObject({
      error: { code: -32602 },
    })
    expect(await json({ ...call, method: 'engine_newPayloadV4', params: { a: 1 } })).toMatchObject({
      error: { code: -32602 },
    })
    expect(await json([call, { ...call, id: 2, method: 'eth_blockNumber' }])).toEqual([
      { jsonrpc: '2.0', id: 1, result: '0x385' },
      { jsonrpc: '2.0', id: 2, result: '0x0' },
    ])
  })

  it('limits bodies and batches of the public endpoint', async () => {
    const url = service.url as string
    expect((await post(url, ' '.repeat(11 * 1024 * 1024))).status).toBe(413)
    const batch = Array.from({ length: 1001 }, (_, id) => ({ ...call, id }))
    expect(await (await post(url, batch)).json()).toMatchObject({ error: { code: -32600 } })
    expect(await (await post(url, { ...call, method: 'engine_getPayloadV4' })).json()).toMatchObject({
      error: { code: -32601 },
    })
  })

  it('wants the token on a WebSocket too', async () => {
    const url = service.authUrl.replace('http', 'ws')
    const status = await new Promise((resolve) => {
      const socket = new WebSocket(url)
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
      socket.on('open', () => resolve('open'))
      socket.on('error', () => {})
    })
    expect(status).toBe(401)
  })

  it('names port and flag when the port is taken', async () => {
    const port = Number(new URL(service.authUrl).port)
    await expect(startExecutionService({ genesis: devGenesis(), auth: { port, jwtSecret: secret } })).rejects.toThrow(
      `port ${port} is already in use; choose another with --authrpc.port`,
    )
  })
})
