import { txHash } from '@keelson/protocol'
import { systemClock } from '@keelson/service'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { devAttributes, devGenesis, devL1InfoTx, devTx, extendChain, genesisOf } from '../../testing/devChain.ts'
import { counterInitCode } from '../../testing/testContract.ts'
import { createExecutionEngine, type ExecutionEngine } from '../engine/executionEngine.ts'
import { createEthApi, type EthApi } from './ethApi.ts'

type LogJson = { readonly blockHash: string; readonly removed: boolean }

describe('events over a reorg', () => {
  let engine: ExecutionEngine
  let api: EthApi
  beforeEach(async () => {
    engine = await createExecutionEngine({ genesis: devGenesis() })
    api = createEthApi({ engine, clock: systemClock, clientVersion: 'test' })
  })
  afterEach(async () => {
    api.close()
    await engine.close()
  })
  const subscribe = (kind: string, params: unknown[] = []) => {
    const seen: unknown[] = []
    api.subscriptions[kind]?.(params, (result) => seen.push(result))
    return seen
  }
  const ask = (method: string, ...params: unknown[]) => api.methods[method]?.(params)

  it('gives logs again as removed when their block leaves the chain, to subscriptions and filters alike', async () => {
    const genesis = await genesisOf(engine)
    const deploy = devTx({ nonce: 0n, to: null, value: 0n, gasLimit: 200_000n, data: counterInitCode() })
    const one = await extendChain(engine, genesis, devAttributes(genesis, { transactions: [devL1InfoTx(1n), deploy] }))
    const { contractAddress } = engine.chain.store.receipts(one.executionPayload.blockHash)?.[1] ?? {}
    const logs = subscribe('logs', [{ address: contractAddress }]) as LogJson[]
    const heads = subscribe('newHeads') as { hash: string }[]
    const filter = ask('eth_newFilter', { address: contractAddress })
    const call = devTx({ nonce: 1n, to: contractAddress as `0x${string}`, value: 0n, gasLimit: 100_000n })
    const two = await extendChain(engine, one, devAttributes(one, { transactions: [devL1InfoTx(2n), call] }))
    const other = await extendChain(engine, one, devAttributes(one, { prevRandao: `0x${'44'.repeat(32)}` }))
    const { blockHash } = two.executionPayload
    const expected = [
      { blockHash, removed: false },
      { blockHash, removed: true },
    ]
    expect(logs.map((log) => ({ blockHash: log.blockHash, removed: log.removed }))).toEqual(expected)
    const polled = ask('eth_getFilterChanges', filter) as LogJson[]
    expect(polled.map((log) => ({ blockHash: log.blockHash, removed: log.removed }))).toEqual(expected)
    expect(heads.map(({ hash }) => hash)).toEqual([blockHash, other.executionPayload.blockHash])
    expect(ask('eth_getTransactionReceipt', txHash(call))).toBeNull()
    expect(ask('eth_getTransactionByHash', txHash(call))).toMatchObject({ blockHash: null })
  })

  it('tells of pending transactions by hash, or whole', () => {
    const hashes = subscribe('newPendingTransactions')
    const whole = subscribe('newPendingTransactions', [true])
    const tx = devTx({ nonce: 0n })
    engine.pool.add(tx)
    expect(hashes).toEqual([txHash(tx)])
    expect(whole).toMatchObject([{ hash: txHash(tx), nonce: 0n, blockHash: null }])
  })

  it('keeps at most a thousand filters', () => {
    for (let i = 0; i < 1000; i++) ask('eth_newBlockFilter')
    expect(() => ask('eth_newBlockFilter')).toThrow('too many filters')
  })

  it('forgets the filters polled longest ago when all of them hold too much', async () => {
    let now = 1_000
    const slow = createEthApi({ engine, clock: { ...systemClock, now: () => now }, clientVersion: 'test' })
    const call = (method: string, ...params: unknown[]) => slow.methods[method]?.(params)
    const ids = Array.from({ length: 1_000 }, () => call('eth_newBlockFilter'))
    let head = await genesisOf(engine)
    const mine = async () => {
      head = await extendChain(engine, head)
    }
    await mine()
    now++
    expect(call('eth_getFilterChanges', ids[0])).toHaveLength(1)
    for (let i = 0; i < 199; i++) await mine()
    expect(call('eth_getFilterChanges', ids[1])).toHaveLength(200)
    await mine()
    expect(call('eth_getFilterChanges', ids[999])).toHaveLength(201)
    await mine()
    expect(() => call('eth_getFilterChanges', ids[2])).toThrow('filter not found')
    expect(call('eth_getFilterChanges', ids[0])).toHaveLength(201)
    expect(call('eth_getFilterChanges', ids[1])).toHaveLength(2)
    slow.close()
  })
})
