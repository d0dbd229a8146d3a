import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  DEV_ACCOUNTS,
  devAttributes,
  devGenesis,
  devL1InfoTx,
  devTx,
  extendChain,
  forkchoiceOf,
  genesisOf,
} from '../../testing/devChain.ts'
import { counterInitCode } from '../../testing/testContract.ts'
import { createExecutionEngine, type ExecutionEngine } from '../engine/executionEngine.ts'
import { StateError } from '../state/stateError.ts'

describe('pruning', () => {
  const engines: ExecutionEngine[] = []
  const folders: string[] = []
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close()
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  /** A chain of `length` blocks, each with a transfer to a new account and a new contract. */
  const grow = async (engine: ExecutionEngine, length: number) => {
    let head = await genesisOf(engine)
    for (let i = 1n; i <= BigInt(length); i++) {
      const transactions = [
        devL1InfoTx(i),
        devTx({ nonce: 2n * i - 2n, to: `0x${i.toString(16).padStart(40, 'c')}` }),
        devTx({ nonce: 2n * i - 1n, to: null, value: 0n, gasLimit: 200_000n, data: counterInitCode() }),
      ]
      head = await extendChain(engine, head, devAttributes(head, { transactions }))
      const { blockHash } = head.executionPayload
      await engine.forkchoiceUpdated(forkchoiceOf(head, blockHash, blockHash), null)
    }
    return head
  }
  const balanceAt = (engine: ExecutionEngine, number: bigint) =>
    engine.chain.stateOf(engine.select({ number })!.header).getAccount(DEV_ACCOUNTS[0]!)?.balance

  it.each(['in memory', 'on disk'])(
    'keeps the states of the last blocks, all blocks, and nothing else, %s',
    async (where) => {
      const dataDir = mkdtempSync(join(tmpdir(), 'keelson-prune-'))
      folders.push(dataDir)
      const options = { genesis: devGenesis(), history: 10n, ...(where === 'on disk' && { dataDir }) }
      const engine = await createExecutionEngine(options)
      engines.push(engine)
      const full = await createExecutionEngine({ genesis: devGenesis() })
      engines.push(full)
      const head = await grow(engine, 80)
      const same = await grow(full, 80)
      expect(head.executionPayload.blockHash).toBe(same.executionPayload.blockHash)
      const { removed } = await engine.chain.store.pruneStates(70n)
      expect(removed).toBeGreaterThan(0)
      for (const number of [80n, 75n, 70n]) expect(balanceAt(engine, number)).toBe(balanceAt(full, number))
      expect(engine.chain.store.hasState(engine.select({ number: 5n })!.header.stateRoot)).toBe(false)
      expect(engine.chain.store.receipts(engine.select({ number: 5n })!.hash)).toHaveLength(3)
      // The whole newest state is there: a fresh reader, without what the cache remembers, finds every account.
      const { kept } = await engine.chain.store.pruneStates(80n)
      expect(kept).toBeGreaterThan(80)
      await extendChain(engine, head)
    },
  )

  it('says that an old state is gone', async () => {
    const engine = await createExecutionEngine({ genesis: devGenesis(), history: 1n })
    engines.push(engine)
    await grow(engine, 40)
    await engine.chain.store.pruneStates(40n)
    expect(() => balanceAt(engine, 3n)).toThrow(StateError)
  })
})
