import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExecutionPayloadEnvelope, txHash } from '@keelson/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import {
  buildBlock,
  DEV_ACCOUNTS,
  devAttributes,
  devDeposit,
  devGenesis,
  devL1InfoTx,
  devTx,
  extendChain,
  forkchoiceOf,
  genesisOf,
} from '../../testing/devChain.ts'
import { counterInitCode } from '../../testing/testContract.ts'
import { createExecutionEngine, type ExecutionEngine } from '../engine/executionEngine.ts'

const hashOf = (block: ExecutionPayloadEnvelope) => block.executionPayload.blockHash

describe('a chain on disk', () => {
  const engines: ExecutionEngine[] = []
  const folders: string[] = []
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close()
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'keelson-chain-'))
    folders.push(made)
    return made
  }
  const open = async (dataDir: string, genesis = devGenesis()) => {
    const engine = await createExecutionEngine({ genesis, dataDir })
    engines.push(engine)
    return engine
  }
  const reopen = async (dataDir: string) => {
    await engines.pop()?.close()
    return open(dataDir)
  }

  it('is the same after a restart: heads, blocks, receipts, state, indexes', async () => {
    const dataDir = folder()
    let engine = await open(dataDir)
    const genesis = await genesisOf(engine)
    const deploy = devTx({ nonce: 0n, to: null, value: 0n, gasLimit: 200_000n, data: counterInitCode() })
    const transactions = [devL1InfoTx(1n), devDeposit(3n, DEV_ACCOUNTS[2]!, 9n), deploy]
    const one = await extendChain(engine, genesis, devAttributes(genesis, { transactions }))
    const two = await extendChain(engine, one)
    const three = await extendChain(engine, two)
    await engine.forkchoiceUpdated(forkchoiceOf(three, hashOf(two), hashOf(one)), null)
    const receipts = engine.chain.store.receipts(hashOf(one))
    engine = await reopen(dataDir)
    expect(engine.chain.store.labels).toEqual({ head: hashOf(three), safe: hashOf(two), finalized: hashOf(one) })
    expect(await engine.getBlock({ number: 1n })).toEqual(one)
    expect(engine.chain.store.receipts(hashOf(one))).toEqual(receipts)
    expect(engine.chain.store.findTransaction(txHash(deploy))).toMatchObject({ blockNumber: 1n, index: 2 })
    expect((await engine.getProof(DEV_ACCOUNTS[2]!, [], hashOf(three)))?.balance).toBe(10_000n * 10n ** 18n + 9n)
    await extendChain(engine, three)
  })

  it('keeps a block that was inserted and not made canonical, beside the chain', async () => {
    const dataDir = folder()
    let engine = await open(dataDir)
    const genesis = await genesisOf(engine)
    const one = await buildBlock(engine, genesis)
    await engine.newPayload(one)
    engine = await reopen(dataDir)
    expect(hashOf((await engine.getBlock('unsafe'))!)).toBe(hashOf(genesis))
    expect((await engine.newPayload(one)).status).toBe('VALID')
    expect((await engine.forkchoiceUpdated(forkchoiceOf(one), null)).payloadStatus.status).toBe('VALID')
  })

  it('reorganizes on disk from the far end back to genesis: index and transactions follow', async () => {
    const dataDir = folder()
    let engine = await open(dataDir)
    const genesis = await genesisOf(engine)
    let head = genesis
    const tx = devTx({ nonce: 0n })
    head = await extendChain(engine, head, devAttributes(head, { transactions: [devL1InfoTx(1n), tx] }))
    for (let i = 0; i < 100; i++) head = await extendChain(engine, head)
    engine = await reopen(dataDir)
    const other = await extendChain(engine, genesis, devAttributes(genesis, { prevRandao: `0x${'33'.repeat(32)}` }))
    expect(engine.chain.store.canonicalHash(1n)).toBe(hashOf(other))
    expect(engine.chain.store.canonicalHash(2n)).toBeNull()
    expect(engine.chain.store.findTransaction(txHash(tx))).toBeNull()
    engine = await reopen(dataDir)
    await engine.forkchoiceUpdated(forkchoiceOf(head), null)
    expect(engine.chain.store.canonicalHash(101n)).toBe(hashOf(head))
    expect(engine.chain.store.findTransaction(txHash(tx))).toMatchObject({ blockNumber: 1n })
  })

  it('refuses a folder that holds another chain, naming both geneses', async () => {
    const dataDir = folder()
    const engine = await open(dataDir)
    const found = engine.chain.genesisHash
    await engines.pop()?.close()
    await expect(createExecutionEngine({ genesis: devGenesis({ gasLimit: 7_000_000n }), dataDir })).rejects.toThrow(
      `begins with genesis ${found}`,
    )
    expect(existsSync(join(dataDir, 'LOCK'))).toBe(false)
  })
})
