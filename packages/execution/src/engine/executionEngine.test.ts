import { describe, expect, it } from 'vitest'
import {
  DEV_ACCOUNTS,
  devAttributes,
  devDeposit,
  devGenesis,
  devL1InfoTx,
  devTx,
  extendChain,
  genesisOf,
} from '../../testing/devChain.ts'
import { createExecutionEngine } from './executionEngine.ts'

describe('embedded engine', () => {
  it('builds and inserts blocks with deposits and transfers', async () => {
    const engine = await createExecutionEngine({ genesis: devGenesis() })
    const genesis = await genesisOf(engine)
    engine.pool.add(devTx({ nonce: 0n }))
    const to = DEV_ACCOUNTS[1]!
    const block = await extendChain(
      engine,
      genesis,
      devAttributes(genesis, { noTxPool: false, transactions: [devL1InfoTx(1n), devDeposit(1n, to, 5n)] }),
    )
    expect(block.executionPayload.transactions).toHaveLength(3)
    const next = await extendChain(engine, block)
    expect((await engine.getBlock('unsafe'))?.executionPayload.blockHash).toBe(next.executionPayload.blockHash)
    expect(engine.pool.size).toBe(0)
    await engine.close()
  })
})
