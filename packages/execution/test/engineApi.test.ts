import { describe, it } from 'vitest'
import { testEngineApi } from '../testing/engineApiContract.ts'
import { makeEmbedded, makeServed } from '../testing/engineUnderTest.ts'
import { externalEngines } from '../testing/externalEngine.ts'

testEngineApi('embedded, in process', makeEmbedded)
testEngineApi('embedded, over HTTP with JWT', makeServed)

const external = externalEngines()
for (const { name, make, newestFork } of external) testEngineApi(name, make, newestFork)

describe.skipIf(external.length > 0)('Engine API of other engines', () => {
  it.skip('skipped: name a binary with OP_GETH_BIN or OP_RETH_BIN', () => {})
})
