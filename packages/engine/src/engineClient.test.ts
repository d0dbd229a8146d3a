import { recordedLogs } from '@keelson/service/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveEngine } from '../testing/engineServer.ts'
import { engineHarness, forksThrough, testEngineApi } from '../testing/index.ts'
import { serializeTestTransactions } from '../testing/testTransactions.ts'
import { createEngineClient } from './engineClient.ts'

const secret = new Uint8Array(32).fill(7)

type Fork = Parameters<typeof forksThrough>[0]

async function overHttp(last: Fork, { jwtSecret = secret, raw = true } = {}) {
  const h = engineHarness({ config: { forks: forksThrough(last) } })
  const server = await serveEngine(h.engine, h.config, secret, { raw })
  onTestFinished(() => server.close())
  const { log, lines } = recordedLogs()
  const engine = createEngineClient({ url: server.url, jwtSecret, config: h.config, timeoutMs: 5_000, log })
  const attributes = h.derivedOn(h.genesisRef).attributes
  return { h, server, engine, lines, chainId: 901n, genesis: h.genesis, attributes }
}

testEngineApi('the fake', async () => {
  const h = engineHarness()
  return { engine: h.engine, chainId: 901n, genesis: h.genesis, attributes: h.derivedOn(h.genesisRef).attributes }
})
for (const fork of ['regolith', 'granite', 'holocene', 'isthmus', 'jovian'] as const) {
  testEngineApi(`the HTTP client (${fork})`, () => overHttp(fork))
  testEngineApi(`the HTTP client of an engine without debug_ (${fork})`, () => overHttp(fork, { raw: false }))
}

describe('the engine client', () => {
  it('[DER-336] [DER-337] [DER-338] sends payloads with the fields of their fork and no others', async () => {
    const fields = async (last: Fork) => {
      const { engine, genesis } = await overHttp(last)
      const block = await engine.getBlock({ hash: genesis.executionPayload.blockHash })
      return (['withdrawals', 'blobGasUsed', 'excessBlobGas', 'withdrawalsRoot'] as const).filter(
        (key) => block?.executionPayload[key] !== undefined,
      )
    }
    expect(await fields('regolith')).toEqual([])
    expect(await fields('granite')).toEqual(['withdrawals', 'blobGasUsed', 'excessBlobGas'])
    expect(await fields('isthmus')).toEqual(['withdrawals', 'blobGasUsed', 'excessBlobGas', 'withdrawalsRoot'])
  })

  it('[DER-339] carries a blob gas used that is not zero (Jovian)', async () => {
    const { h, engine, attributes } = await overHttp('jovian')
    const built = h.engine.makeBlock(h.genesis.executionPayload, attributes)
    const footprint = h.rehash({ ...built, executionPayload: { ...built.executionPayload, blobGasUsed: 123_000n } })
    expect(await engine.newPayload(footprint)).toMatchObject({ status: 'VALID' })
    expect(await engine.getBlock({ hash: footprint.executionPayload.blockHash })).toEqual(footprint)
  })

  it.each([true, false])('reads back signed transactions of every type byte for byte (raw: %s)', async (raw) => {
    const { h, engine } = await overHttp('isthmus', { raw })
    const transactions = serializeTestTransactions()
    const derived = h.derivedOn(h.genesisRef, { transactions })
    const built = h.engine.makeBlock(h.genesis.executionPayload, derived.attributes)
    h.engine.store(built)
    const read = await engine.getBlock({ hash: built.executionPayload.blockHash })
    expect(read?.executionPayload.transactions.slice(1)).toEqual(transactions)
  })

  it.each([true, false])('does not believe a block that does not hash to its name (raw: %s)', async (raw) => {
    const { h, engine } = await overHttp('granite', { raw })
    const built = h.engine.makeBlock(h.genesis.executionPayload, h.derivedOn(h.genesisRef).attributes)
    const forged = { ...built, executionPayload: { ...built.executionPayload, gasUsed: 1n } }
    h.engine.store(forged)
    await expect(engine.getBlock({ hash: forged.executionPayload.blockHash })).rejects.toMatchObject({
      fault: { code: 'blockHashMismatch' },
      severity: 'temporary',
    })
  })

  it('asks for raw blocks no more once the engine does not know the method', async () => {
    const { engine, server, genesis } = await overHttp('granite', { raw: false })
    for (let i = 0; i < 3; i++) expect(await engine.getBlock({ number: 0n })).toEqual(genesis)
    expect(server.calls.filter((call) => call === 'eth_getBlockByNumber')).toHaveLength(3)
  })

  it('says once that the secrets differ', async () => {
    const { engine, lines } = await overHttp('granite', { jwtSecret: new Uint8Array(32).fill(8) })
    await expect(engine.getChainId()).rejects.toMatchObject({ status: 401 })
    await expect(engine.getChainId()).rejects.toMatchObject({ status: 401 })
    expect(lines.filter(({ level, message }) => level === 'error' && message.includes('JWT'))).toHaveLength(1)
  })

  it('answers null for labels that the engine has no block for', async () => {
    const { engine } = await overHttp('granite')
    expect(await engine.getBlock('finalized')).toBeNull()
  })
})
