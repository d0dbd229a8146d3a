import { type ExecutionPayloadEnvelope, type Hex, txHash } from '@keelson/protocol'
import { systemClock } from '@keelson/service'
import { encodeRpcJson } from '@keelson/service/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  DEV_ACCOUNTS,
  devAttributes,
  devGenesis,
  devL1InfoTx,
  devTx,
  extendChain,
  genesisOf,
} from '../../../testing/devChain.ts'
import { codeHex } from '../../../testing/executorChain.ts'
import { createExecutionEngine, type ExecutionEngine } from '../../engine/executionEngine.ts'
import { createEthApi, type EthApi } from '../ethApi.ts'

type Json = Record<string, unknown>

const ALICE = DEV_ACCOUNTS[0] as Hex
const BOB = DEV_ACCOUNTS[1] as Hex
const OUTER: Hex = `0x${'91'.repeat(20)}`
const INNER: Hex = `0x${'92'.repeat(20)}`
const SHA256: Hex = `0x${'00'.repeat(19)}02`
const push = (address: Hex) => `73${address.slice(2)}`
/** Calls with the first `size` bytes of memory and no value. */
const calls = (to: Hex, size = 0) => `6000 6000 60${size.toString(16).padStart(2, '0')} 6000 6000 ${push(to)} 5a f1 50`

describe('tracers', () => {
  let engine: ExecutionEngine
  let api: EthApi
  let genesis: ExecutionPayloadEnvelope
  const alloc = {
    // Calls sha256 with 8 bytes, then the inner contract with 8 bytes of selector and data, then creates a contract.
    [OUTER]: {
      nonce: 1,
      balance: '0x64',
      code: codeHex(`6311223344 60e0 1b 6000 52 ${calls(SHA256, 8)} ${calls(INNER, 8)} 6000 6000 6003 f0 50`),
    },
    // Gives all that it holds to Bob.
    [INNER]: { nonce: 1, balance: '0x9', code: codeHex(`${push(BOB)} ff`) },
  }
  beforeEach(async () => {
    engine = await createExecutionEngine({ genesis: devGenesis({ alloc }) })
    api = createEthApi({ engine, clock: systemClock, clientVersion: 'test' })
    genesis = await genesisOf(engine)
  })
  afterEach(async () => {
    api.close()
    await engine.close()
  })
  const ask = async <T>(method: string, ...params: unknown[]): Promise<T> =>
    JSON.parse(encodeRpcJson((await api.methods[method]?.(params)) ?? null))
  const traceCall = <T>(call: Json, config: Json) => ask<T>('debug_traceCall', call, 'latest', config)
  const flat = (config: Json = {}, call: Json = { from: ALICE, to: OUTER }) =>
    traceCall<(Json & { action: Json; result?: Json })[]>(call, { tracer: 'flatCallTracer', ...config })

  it('flatCallTracer lists calls by their place in the tree, without precompiles', async () => {
    const list = await flat()
    expect(list.map(({ type, traceAddress, subtraces }) => [type, traceAddress, subtraces])).toEqual([
      ['call', [], 2],
      ['call', [0], 1],
      ['suicide', [0, 0], 0],
      ['create', [1], 0],
    ])
    expect(list[0]?.action).toMatchObject({ callType: 'call', from: ALICE, to: OUTER, value: '0x0', input: '0x' })
    expect(list[1]?.action).toMatchObject({ from: OUTER, to: INNER, input: '0x1122334400000000' })
    expect(list[2]?.action).toEqual({ address: INNER, balance: '0x9', refundAddress: BOB })
    expect(list[2]).not.toHaveProperty('result')
    expect(list[3]).toMatchObject({ action: { from: OUTER, init: '0x', value: '0x3' }, result: { code: '0x' } })
    expect(list[3]?.result?.address).toMatch(/^0x[0-9a-f]{40}$/)
  })

  it('flatCallTracer has precompiles too, and errors in the words of Parity, when asked', async () => {
    const all = await flat({ tracerConfig: { includePrecompiles: true } })
    expect(all.map(({ traceAddress }) => traceAddress)).toEqual([[], [0], [1], [1, 0], [2]])
    expect(all[1]?.action).toMatchObject({ to: SHA256 })
    const stateOverrides = { [OUTER]: { code: codeHex('6001 6000 52 6020 6000 fd') }, [INNER]: { code: codeHex('01') } }
    const failing = async (to: Hex, convertParityErrors: boolean) =>
      (await flat({ stateOverrides, tracerConfig: { convertParityErrors } }, { to }))[0]
    expect(await failing(OUTER, false)).toMatchObject({ error: 'execution reverted' })
    expect(await failing(OUTER, true)).toMatchObject({
      error: 'Reverted',
      result: { output: `0x${'1'.padStart(64, '0')}` },
    })
    expect(await failing(INNER, true)).toMatchObject({ error: 'Stack underflow' })
    expect(await failing(INNER, true)).not.toHaveProperty('result')
  })

  it('flatCallTracer names block and transaction', async () => {
    const tx = devTx({ nonce: 0n, to: OUTER, gasLimit: 300_000n })
    const block = await extendChain(engine, genesis, devAttributes(genesis, { transactions: [devL1InfoTx(1n), tx] }))
    const { blockHash } = block.executionPayload
    const [, traced] = await ask<{ result: Json[] }[]>('debug_traceBlockByHash', blockHash, {
      tracer: 'flatCallTracer',
    })
    expect(traced?.result).toHaveLength(4)
    for (const frame of traced?.result ?? []) {
      expect(frame).toMatchObject({ blockHash, blockNumber: 1, transactionHash: txHash(tx), transactionPosition: 1 })
    }
  })

  it('callTracer tells what a self-destructed contract held', async () => {
    const tree = await traceCall<{ calls: { calls?: Json[] }[] }>({ from: ALICE, to: OUTER }, { tracer: 'callTracer' })
    expect(tree.calls[1]?.calls?.[0]).toMatchObject({ type: 'SELFDESTRUCT', from: INNER, to: BOB, value: '0x9' })
  })

  it('callTracer is not brought down by a LOG that nobody can pay for', async () => {
    const stateOverrides = { [OUTER]: { code: codeHex('6000 19 6000 19 a0') } }
    const config = { tracer: 'callTracer', tracerConfig: { withLog: true }, stateOverrides }
    expect(await traceCall({ to: OUTER }, config)).toMatchObject({ error: 'out of gas' })
  })

  it('4byteTracer counts selectors with the size of their data, those of precompiles left out', async () => {
    expect(await traceCall({ to: OUTER, data: '0xaabbccdd01' }, { tracer: '4byteTracer' })).toEqual({
      '0xaabbccdd-1': 1,
      '0x11223344-4': 1,
    })
  })

  it('muxTracer gives what each of its tracers gives alone', async () => {
    const call = { from: ALICE, to: OUTER }
    const names = ['callTracer', '4byteTracer', 'prestateTracer', 'noopTracer', 'flatCallTracer']
    const alone = await Promise.all(names.map((tracer) => traceCall(call, { tracer })))
    const tracerConfig = Object.fromEntries(names.map((name) => [name, name === 'callTracer' ? {} : null]))
    const together = await traceCall(call, { tracer: 'muxTracer', tracerConfig })
    expect(together).toEqual(Object.fromEntries(names.map((name, i) => [name, alone[i]])))
    const nested = await traceCall(call, { tracer: 'muxTracer', tracerConfig: { callTracer: { onlyTopCall: true } } })
    expect(nested).toMatchObject({ callTracer: { to: OUTER } })
    expect((nested as { callTracer: Json }).callTracer).not.toHaveProperty('calls')
  })

  it('muxTracer takes the states that a tracer in it wants', async () => {
    const tx = devTx({ nonce: 0n, to: OUTER, gasLimit: 300_000n })
    await extendChain(engine, genesis, devAttributes(genesis, { transactions: [devL1InfoTx(1n), tx] }))
    const prestateTracer = { diffMode: true }
    const alone = await ask<{ pre: object; post: object }>('debug_traceTransaction', txHash(tx), {
      tracer: 'prestateTracer',
      tracerConfig: prestateTracer,
    })
    const mux = await ask('debug_traceTransaction', txHash(tx), {
      tracer: 'muxTracer',
      tracerConfig: { prestateTracer },
    })
    expect(mux).toEqual({ prestateTracer: alone })
    expect(alone.pre).toMatchObject({ [INNER]: { balance: '0x9' } })
    // What has destructed itself has no state afterwards, even where the account stays.
    expect(alone.post).not.toHaveProperty(INNER)
  })

  it('refuses a tracer that there is not, also inside a mux', async () => {
    await expect(traceCall({ to: OUTER }, { tracer: 'parityTracer' })).rejects.toThrow('tracer not found: parityTracer')
    const tracerConfig = { nothing: null }
    await expect(traceCall({ to: OUTER }, { tracer: 'muxTracer', tracerConfig })).rejects.toThrow('tracer not found')
  })
})
