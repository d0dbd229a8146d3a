/**
 * A process that builds and inserts blocks as fast as it can, and says on standard output what was acknowledged.
 *
 * A line is written only after the engine answered VALID to the forkchoice: what it says must be there after a kill.
 */
import { writeSync } from 'node:fs'
import { createExecutionEngine } from '../../packages/execution/src/index.ts'
import {
  buildBlock,
  DEV_ACCOUNTS,
  devAttributes,
  devGenesis,
  devL1InfoTx,
  devTx,
  forkchoiceOf,
  insertBlock,
} from '../../packages/execution/testing/devChain.ts'
import { counterInitCode } from '../../packages/execution/testing/testContract.ts'
import { Random } from '../fuzz/random.ts'

const [dataDir, seed] = process.argv.slice(2) as [string, string]
const random = new Random(Number(seed))
const openedAt = performance.now()
const engine = await createExecutionEngine({ genesis: devGenesis(), dataDir })
const say = (line: Record<string, unknown>) => writeSync(1, `${JSON.stringify(line)}\n`)
const { head: opened, safe: openedSafe } = engine.chain.store.labels
say({
  kind: 'opened',
  ms: Math.round(performance.now() - openedAt),
  number: Number(engine.chain.head.header.number),
  sizeBytes: engine.chain.store.sizeBytes(),
  head: opened,
  safe: openedSafe,
})

let head = await engine.getBlock('unsafe')
for (;;) {
  if (!head) throw new Error('no head')
  // Now and then the head goes back some blocks and another branch grows there.
  const { blockNumber } = head.executionPayload
  const depth = random.chance(15) ? BigInt(random.below(6)) : 0n
  const safe = engine.chain.store.header(engine.chain.store.labels.safe)
  const wanted = blockNumber - depth
  const parentNumber = safe && wanted < safe.number ? safe.number : wanted
  const parent = parentNumber === blockNumber ? head : await engine.getBlock({ number: parentNumber })
  if (!parent) throw new Error(`no block ${parentNumber}`)
  const state = engine.chain.stateOf({ stateRoot: parent.executionPayload.stateRoot })
  const nonce = state.getAccount(DEV_ACCOUNTS[0] as `0x${string}`)?.nonce
  const transfers = Array.from({ length: random.below(20) }, (_, i) =>
    random.chance(10)
      ? devTx({ nonce: (nonce ?? 0n) + BigInt(i), to: null, value: 0n, gasLimit: 200_000n, data: counterInitCode() })
      : devTx({
          nonce: (nonce ?? 0n) + BigInt(i),
          to: `0x${random.uint32().toString(16).padStart(40, '0')}`,
          maxFeePerGas: 10n ** 12n,
        }),
  )
  const number = parent.executionPayload.blockNumber + 1n
  const transactions = [devL1InfoTx(number), ...transfers]
  say({ kind: 'moving', hash: parent.executionPayload.blockHash })
  const block = await buildBlock(
    engine,
    parent,
    devAttributes(parent, { transactions, prevRandao: `0x${random.uint32().toString(16).padStart(64, '0')}` }),
  )
  if (parent !== head) say({ kind: 'head', hash: parent.executionPayload.blockHash, reorg: true })
  const { blockHash } = block.executionPayload
  say({ kind: 'moving', hash: blockHash })
  await insertBlock(engine, block)
  head = block
  say({ kind: 'head', hash: blockHash, reorg: false })
  if (random.chance(20)) {
    const safeNumber = number > 8n ? number - 8n : 0n
    const safeHash = engine.chain.store.canonicalHash(safeNumber)
    if (safeHash) {
      await engine.forkchoiceUpdated(forkchoiceOf(block, safeHash, safeHash), null)
      say({ kind: 'safe', hash: safeHash })
    }
  }
}
