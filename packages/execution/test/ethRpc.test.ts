import { makeEmbedded, makeServed } from '../testing/engineUnderTest.ts'
import { testEthRpc } from '../testing/ethRpcContract.ts'
import { externalEngines } from '../testing/externalEngine.ts'

testEthRpc('embedded, in process', makeEmbedded)
testEthRpc('embedded, over HTTP', makeServed)
for (const { name, make, newestFork } of externalEngines()) testEthRpc(name, make, newestFork)
