import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Hex, txHash } from '@keelson/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import {
  DEV_ACCOUNTS,
  DEV_KEYS,
  devAttributes,
  devGenesis,
  devL1InfoTx,
  devTx,
  extendChain,
  forkchoiceOf,
  genesisOf,
} from '../../testing/devChain.ts'
import { mineBlock } from '../../testing/mineBlock.ts'
import { createExecutionEngine, type ExecutionEngine, type ExecutionEngineOptions } from '../engine/executionEngine.ts'

const GWEI = 1_000_000_000n

describe('transaction pool', () => {
  const engines: ExecutionEngine[] = []
  const folders: string[] = []
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close()
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })
  const open = async (options: Partial<ExecutionEngineOptions> = {}) => {
    const engine = await createExecutionEngine({ genesis: devGenesis(), ...options })
    engines.push(engine)
    return { engine, pool: engine.pool, genesis: await genesisOf(engine) }
  }
  const [a, b, c] = DEV_KEYS as [Hex, Hex, Hex]

  it('forgets what was mined', async () => {
    const { engine, pool } = await open()
    pool.add(devTx({ nonce: 0n }))
    pool.add(devTx({ nonce: 1n }))
    const block = await mineBlock(engine)
    expect(block.executionPayload.transactions).toHaveLength(3)
    expect(pool.size).toBe(0)
    expect(pool.nextNonce(DEV_ACCOUNTS[0]!)).toBe(2n)
  })

  it('drops what another transaction of the sender outran or made unaffordable', async () => {
    const { engine, pool, genesis } = await open()
    pool.add(devTx({ nonce: 0n }))
    pool.add(devTx({ nonce: 1n, value: 9_000n * 10n ** 18n }))
    const spender = devTx({ nonce: 0n, value: 5_000n * 10n ** 18n })
    await extendChain(engine, genesis, devAttributes(genesis, { transactions: [devL1InfoTx(1n), spender] }))
    expect(pool.size).toBe(0)
  })

  it('takes back what a reorg dropped from the chain', async () => {
    const { engine, pool, genesis } = await open()
    const tx = devTx({ nonce: 0n })
    pool.add(tx)
    await mineBlock(engine)
    expect(pool.size).toBe(0)
    await extendChain(engine, genesis, devAttributes(genesis, { prevRandao: `0x${'77'.repeat(32)}` }))
    expect(pool.get(txHash(tx))).not.toBeNull()
    expect((await mineBlock(engine)).executionPayload.transactions).toHaveLength(2)
  })

  it('does not take back what the new branch holds too', async () => {
    const { engine, pool, genesis } = await open()
    const tx = devTx({ nonce: 0n })
    pool.add(tx)
    await mineBlock(engine)
    const transactions = [devL1InfoTx(5n), tx]
    await extendChain(engine, genesis, devAttributes(genesis, { transactions, prevRandao: `0x${'77'.repeat(32)}` }))
    expect(pool.size).toBe(0)
  })

  it('counts what waits before a transaction against its sender', async () => {
    const { pool } = await open()
    pool.add(devTx({ nonce: 0n, value: 6_000n * 10n ** 18n }))
    expect(() => pool.add(devTx({ nonce: 1n, value: 6_000n * 10n ** 18n }))).toThrow(
      /insufficient funds for gas \* price \+ value/,
    )
    expect(() => pool.add(devTx({ nonce: 0n, value: 7_000n * 10n ** 18n }))).toThrow(
      'replacement transaction underpriced',
    )
  })

  it('evicts the cheapest for a better one when it is full', async () => {
    const { pool } = await open({ pool: { maxTotal: 2 } })
    const tx = (key: Hex, tip: bigint) => devTx({ key, nonce: 0n, maxPriorityFeePerGas: tip, maxFeePerGas: 50n * GWEI })
    pool.add(tx(a, 2n * GWEI))
    const cheap = tx(b, GWEI)
    pool.add(cheap)
    expect(() => pool.add(tx(c, GWEI))).toThrow('txpool is full')
    pool.add(tx(c, 3n * GWEI))
    expect(pool.size).toBe(2)
    expect(pool.get(txHash(cheap))).toBeNull()
  })

  it('limits what one sender may have in it', async () => {
    const { pool } = await open({ pool: { maxPerAccount: 2 } })
    pool.add(devTx({ nonce: 0n }))
    pool.add(devTx({ nonce: 1n }))
    expect(() => pool.add(devTx({ nonce: 2n }))).toThrow('account limit exceeded')
  })

  it('refuses a fee above the cap, as a slip of the keyboard', async () => {
    const { pool } = await open()
    expect(() => pool.add(devTx({ nonce: 0n, maxFeePerGas: 10n ** 14n }))).toThrow(
      'tx fee (2.10 ether) exceeds the configured cap (1.00 ether)',
    )
  })

  it('keeps its transactions over a restart, without those mined meanwhile, and over a torn write', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'keelson-pool-'))
    folders.push(dataDir)
    const first = await open({ dataDir })
    const [mined, kept, late] = [devTx({ nonce: 0n }), devTx({ nonce: 1n }), devTx({ nonce: 2n })]
    for (const tx of [mined, kept, late]) first.pool.add(tx)
    const { genesis } = first
    await extendChain(first.engine, genesis, devAttributes(genesis, { transactions: [devL1InfoTx(1n), mined] }))
    await engines.pop()!.close()
    appendFileSync(join(dataDir, 'transactions.journal'), Uint8Array.of(0, 0, 1, 0, 2))
    const { engine, pool } = await open({ dataDir })
    expect([mined, kept, late].map((tx) => pool.get(txHash(tx)) !== null)).toEqual([false, true, true])
    expect((await mineBlock(engine)).executionPayload.transactions).toHaveLength(3)
  })

  it('tells of transactions when they become executable', async () => {
    const { pool } = await open()
    const seen: string[] = []
    const stop = pool.onPending(({ hash }) => seen.push(hash))
    const [zero, one] = [devTx({ nonce: 0n }), devTx({ nonce: 1n })]
    pool.add(one)
    expect(seen).toEqual([])
    pool.add(zero)
    expect(seen).toEqual([txHash(zero), txHash(one)])
    stop()
  })

  it('leaves a head alone that only moved its labels', async () => {
    const { engine, pool, genesis } = await open()
    pool.add(devTx({ nonce: 0n }))
    const before = pool.version
    await engine.forkchoiceUpdated(forkchoiceOf(genesis, genesis.executionPayload.blockHash), null)
    expect(pool.version).toBe(before)
  })
})
