import { bytesToHex } from '@keelson/protocol'
import { FIXTURES_ABSENT, reportExactHash } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { createBlockExecutor, createStateReader, encodeReceipt, executePayload } from '../src/index.ts'
import { executionFixtureNames, readExecutionFixture } from '../testing/executionFixture.ts'

const names = executionFixtureNames()

describe.skipIf(names.length === 0)(`real blocks (${names.length || FIXTURES_ABSENT})`, () => {
  it.each(names)('builds %s from its attributes to the exact hash', async (name) => {
    const { spec, parent, parentHash, attributes, store, getBlockHash, expected } = readExecutionFixture(name)
    const reader = createStateReader({ store, root: parent.stateRoot })
    const executor = createBlockExecutor({ spec, parent, parentHash, reader, attributes, getBlockHash })
    for (const tx of attributes.transactions) await executor.applyForced(tx)
    const block = await executor.seal()
    expect(block.receipts.map((receipt) => bytesToHex(encodeReceipt(receipt)))).toEqual(expected.receipts)
    expect(block.header).toEqual(expected.header)
    expect(block.hash).toBe(expected.hash)
    reportExactHash(`execution/${name}`)
  })

  it.each(names)('executes %s as a payload to the exact hash', async (name) => {
    const { spec, parent, parentHash, store, envelope, getBlockHash, expected } = readExecutionFixture(name)
    const reader = createStateReader({ store, root: parent.stateRoot })
    const block = await executePayload({ spec, parent, parentHash, reader, envelope, getBlockHash })
    expect(block.hash).toBe(expected.hash)
    reportExactHash(`execution/${name}`)
  })
})
