import { expect, it } from 'vitest'
import { ManualClock, recordedMetrics } from '../testing/index.ts'
import { createRpcClient } from './rpcClient.ts'
import { RpcError, TransportError } from './rpcErrors.ts'

type Sent = { url: string; body: unknown; headers: Record<string, string> }

function fakeFetch(answer: (body: never) => unknown, status = 200) {
  const sent: Sent[] = []
  const fetch = (async (url: string, init: RequestInit) => {
    const body = JSON.parse(init.body as string)
    sent.push({ url, body, headers: init.headers as Record<string, string> })
    const value = answer(body as never)
    return new Response(typeof value === 'string' ? value : JSON.stringify(value), { status })
  }) as unknown as typeof globalThis.fetch
  return { fetch, sent }
}

it('sends quantities for bigint and headers made for each request', async () => {
  let n = 0
  const { fetch, sent } = fakeFetch((body: { id: number }) => ({ jsonrpc: '2.0', id: body.id, result: null }))
  const rpc = createRpcClient({ url: 'http://x', fetch, headers: async () => ({ token: String(++n) }) })
  expect(await rpc.request('m', [42n, { a: 1n }])).toBeNull()
  await rpc.request('m')
  expect(sent.map((s) => s.body)).toMatchObject([{ params: ['0x2a', { a: '0x1' }] }, { params: [] }])
  expect(sent.map((s) => s.headers.token)).toEqual(['1', '2'])
})

it('rejects with the error of the other side, counted by its code', async () => {
  const { registry, value } = recordedMetrics()
  const { fetch } = fakeFetch(() => ({
    jsonrpc: '2.0',
    id: 1,
    error: { code: -38001, message: 'unknown payload', data: 5 },
  }))
  const rpc = createRpcClient({ url: 'http://x', fetch, metrics: registry, name: 'engine-api' })
  const error = await rpc.request('engine_getPayloadV3').catch((e) => e)
  expect(error).toBeInstanceOf(RpcError)
  expect(error).toMatchObject({ code: -38001, message: 'unknown payload', data: 5 })
  expect(
    value('rpc_client_responses_total', { rpc: 'engine-api', method: 'engine_getPayloadV3', error: 'rpc_-38001' }),
  ).toBe(1)
})

it('puts the answers of a batch in the order of the calls', async () => {
  const { fetch } = fakeFetch((body: { id: number }[]) =>
    body.map(({ id }, i) => (i === 1 ? { id, error: { code: -1, message: 'no' } } : { id, result: i })).reverse(),
  )
  const results = await createRpcClient({ url: 'http://x', fetch }).batch([
    { method: 'a' },
    { method: 'b' },
    { method: 'c' },
  ])
  expect(results.map((r) => (r.ok ? r.result : r.error.code))).toEqual([0, -1, 2])
})

it('tells transport failures from answers, without showing keys', async () => {
  const url = 'http://user:pw@host/path?key=secret'
  const bad = await createRpcClient({ url, fetch: fakeFetch(() => 'nope', 503).fetch })
    .request('m')
    .catch((e) => e)
  expect(bad).toBeInstanceOf(TransportError)
  expect(bad).toMatchObject({ status: 503, message: 'http://host/… answered HTTP 503: nope' })
  const html = createRpcClient({ url, fetch: fakeFetch(() => '<html>').fetch }).request('m')
  await expect(html).rejects.toThrow('not JSON')
  const refused = createRpcClient({ url: 'http://127.0.0.1:1' }).request('m')
  await expect(refused).rejects.toThrow(/cannot reach http:\/\/127.0.0.1:1: /)
})

it('gives up after the time limit, and with the reason of the caller', async () => {
  const clock = new ManualClock()
  const fetch = ((_url: string, init: RequestInit) =>
    new Promise((_, reject) => {
      const stop = () => reject(init.signal?.reason)
      if (init.signal?.aborted) stop()
      init.signal?.addEventListener('abort', stop)
    })) as unknown as typeof globalThis.fetch
  const rpc = createRpcClient({ url: 'http://x', fetch, clock, timeoutMs: 500 })
  const late = expect(rpc.request('m')).rejects.toThrow('no answer from http://x within 500 ms')
  await clock.advance(500)
  await late
  const abort = new AbortController()
  const stopped = expect(rpc.request('m', [], { signal: abort.signal })).rejects.toThrow('enough')
  abort.abort(new Error('enough'))
  await stopped
})
