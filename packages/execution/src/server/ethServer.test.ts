import { bytesToHex, txHash } from '@keelson/protocol'
import { nullLogger } from '@keelson/service'
import { createPublicClient, createWalletClient, defineChain, http, parseEther, webSocket } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEV_ACCOUNTS, DEV_CHAIN_ID, DEV_KEYS, devGenesis, devTx } from '../../testing/devChain.ts'
import { mineBlock } from '../../testing/mineBlock.ts'
import { COUNTED_TOPIC, counterInitCode, REVERT_REASON } from '../../testing/testContract.ts'
import { createExecutionEngine, type ExecutionEngine } from '../engine/executionEngine.ts'
import { createEthServer, type EthServer } from './ethServer.ts'

const account = privateKeyToAccount(DEV_KEYS[0]!)
const chain = defineChain({
  id: Number(DEV_CHAIN_ID),
  name: 'dev',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: ['http://127.0.0.1'] } },
})

describe('viem over the eth server', () => {
  let engine: ExecutionEngine
  let server: EthServer
  const client = () => createPublicClient({ chain, transport: http(server.url), pollingInterval: 20, cacheTime: 0 })
  const wallet = () => createWalletClient({ chain, account, transport: http(server.url) })

  beforeAll(async () => {
    engine = await createExecutionEngine({ genesis: devGenesis() })
    server = await createEthServer({ engine, port: 0, log: nullLogger })
  })
  afterAll(async () => {
    await server.close()
    await engine.close()
  })

  it('sends a transfer and reads its receipt', async () => {
    const hash = await wallet().sendTransaction({ to: DEV_ACCOUNTS[1]!, value: parseEther('1') })
    await mineBlock(engine)
    const receipt = await client().waitForTransactionReceipt({ hash })
    expect(receipt.status).toBe('success')
    expect(receipt.gasUsed).toBe(21_000n)
    expect(await client().getBalance({ address: DEV_ACCOUNTS[1]! })).toBe(parseEther('10001'))
    const block = await client().getBlock({ includeTransactions: true })
    expect(block.transactions.map((tx) => tx.hash)).toContain(hash)
  })

  it('deploys a contract, calls it, sees its event over WebSocket, traces it', async () => {
    const hash = await wallet().deployContract({ abi: [], bytecode: bytesToHex(counterInitCode()) })
    await mineBlock(engine)
    const { contractAddress } = await client().getTransactionReceipt({ hash })
    const address = contractAddress!
    const ws = createPublicClient({ chain, transport: webSocket(server.wsUrl) })
    const seen = Promise.withResolvers<readonly { topics: readonly string[] }[]>()
    const heads = Promise.withResolvers<bigint>()
    const { unsubscribe } = await ws.transport.subscribe({
      params: ['logs', { address }],
      onData: (data: { result: { topics: readonly string[] } }) => seen.resolve([data.result]),
    } as never)
    const unwatch = ws.watchBlockNumber({ onBlockNumber: heads.resolve })
    const call = await wallet().sendTransaction({ to: address })
    await mineBlock(engine)
    expect((await seen.promise)[0]?.topics).toEqual([COUNTED_TOPIC])
    expect(await heads.promise).toBeGreaterThan(0n)
    await unsubscribe()
    unwatch()
    await (await ws.transport.getRpcClient()).close()

    expect((await client().getTransactionReceipt({ hash: call })).status).toBe('success')
    expect(await client().getStorageAt({ address, slot: '0x0' })).toBe(`0x${'1'.padStart(64, '0')}`)
    expect((await client().call({ to: address })).data).toBe(`0x${'2'.padStart(64, '0')}`)
    const logs = await client().getLogs({ address, fromBlock: 0n })
    expect(logs).toHaveLength(1)
    await expect(client().call({ to: address, data: '0x01' })).rejects.toThrow(REVERT_REASON)
    await expect(client().estimateGas({ account, to: address, data: '0x01' })).rejects.toThrow(REVERT_REASON)
    const trace = (await client().request({
      method: 'debug_traceTransaction',
      params: [call, { tracer: 'callTracer', tracerConfig: { withLog: true } }],
    } as never)) as { type: string; to: string; logs: unknown[]; output: string }
    expect(trace).toMatchObject({ type: 'CALL', to: address, output: `0x${'1'.padStart(64, '0')}` })
    expect(trace.logs).toHaveLength(1)
    const opcodes = (await client().request({ method: 'debug_traceTransaction', params: [call] } as never)) as {
      structLogs: { op: string }[]
      failed: boolean
    }
    expect(opcodes.failed).toBe(false)
    expect(opcodes.structLogs.map(({ op }) => op)).toContain('SSTORE')
    const prestate = (await client().request({
      method: 'debug_traceTransaction',
      params: [call, { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }],
    } as never)) as { pre: Record<string, unknown>; post: Record<string, { storage?: unknown }> }
    expect(prestate.post[address]?.storage).toEqual({ [`0x${'0'.repeat(64)}`]: `0x${'1'.padStart(64, '0')}` })
    const list = await client().createAccessList({ account, to: address })
    expect(list.accessList).toEqual([{ address, storageKeys: [`0x${'0'.repeat(64)}`] }])
    const proof = await client().getProof({ address, storageKeys: [`0x${'0'.repeat(64)}`] })
    expect(proof.storageProof[0]?.value).toBe(1n)
    expect((await client().getFeeHistory({ blockCount: 2, rewardPercentiles: [25, 75] })).baseFeePerGas).toHaveLength(3)
  })
})

describe('a server that forwards to a sequencer', () => {
  const call = async (url: string, params: unknown[]) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params }),
    })
    return (await response.json()) as { result?: string; error?: { code: number; message: string } }
  }

  it('passes transactions on, keeps them to show them, and gives back what the sequencer says', async () => {
    const sequencer = await createExecutionEngine({ genesis: devGenesis() })
    const sequencerServer = await createEthServer({ engine: sequencer, port: 0 })
    const follower = await createExecutionEngine({ genesis: devGenesis() })
    const server = await createEthServer({ engine: follower, port: 0, sequencerUrl: sequencerServer.url })
    try {
      const tx = devTx({ nonce: 0n })
      expect(await call(server.url, [bytesToHex(tx)])).toMatchObject({ result: txHash(tx) })
      expect([sequencer.pool.size, follower.pool.size]).toEqual([1, 1])
      expect(await call(server.url, [bytesToHex(tx)])).toMatchObject({
        error: { code: -32000, message: 'already known' },
      })
      await sequencerServer.close()
      const { error } = await call(server.url, [bytesToHex(devTx({ nonce: 1n }))])
      expect(error?.message).toMatch(/the sequencer cannot be reached/)
      expect(follower.pool.size).toBe(1)
    } finally {
      await server.close()
      await follower.close()
      await sequencer.close()
    }
  })
})
