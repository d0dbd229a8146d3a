/** `npm run bench -- engine [--accounts N] [--state=false]`: latency of the Engine API, and growth of the state on disk. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createExecutionEngine, type ExecutionEngine } from '@keelson/execution'
import {
  type Address,
  type ExecutionPayloadEnvelope,
  type Hex,
  hexToBytes,
  privateKeyToAddress,
} from '@keelson/protocol'
import {
  devAttributes,
  devGenesis,
  devL1Block,
  devTx,
  forkchoiceOf,
  genesisOf,
} from '../packages/execution/testing/devChain.ts'

const SENDERS = 500
const GAS_LIMIT = 1_000_000_000n
const FEE = 1_000_000_000_000n
const LATENCY_SIZES = [10, 100, 1_000]
const LATENCY_ROUNDS = 7
const GROWTH_BLOCK = 10_000

const keys = Array.from({ length: SENDERS }, (_, i): Hex => `0x${(i + 1).toString(16).padStart(64, '0')}`)
const senders = keys.map((key) => privateKeyToAddress(hexToBytes(key)))
const genesis = devGenesis({
  gasLimit: GAS_LIMIT,
  alloc: {
    ...devL1Block(),
    ...Object.fromEntries(senders.map((address) => [address, { balance: `0x${(10n ** 24n).toString(16)}` }])),
  },
})

type Load = { readonly nonces: bigint[]; recipients: bigint }

const newLoad = (): Load => ({ nonces: keys.map(() => 0n), recipients: 0n })

/** Transfers to accounts that do not exist yet. */
function transfers(load: Load, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const sender = i % SENDERS
    const nonce = load.nonces[sender] ?? 0n
    load.nonces[sender] = nonce + 1n
    const to: Address = `0x${(0x1000_0000n + load.recipients++).toString(16).padStart(40, '7')}`
    return devTx({ key: keys[sender] as Hex, nonce, to, maxFeePerGas: FEE })
  })
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const ms = (value: number): string => `${value.toFixed(1)} ms`.padStart(10)

async function timed<T>(times: number[], work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  times.push(performance.now() - start)
  return result
}

/** Builds a block of pool transactions and makes it the head. */
async function mine(
  engine: ExecutionEngine,
  parent: ExecutionPayloadEnvelope,
  times: Record<'fill' | 'get' | 'own' | 'head', number[]>,
) {
  const attributes = devAttributes(parent, { noTxPool: false })
  const { payloadId } = await engine.forkchoiceUpdated(forkchoiceOf(parent), attributes)
  const job = payloadId && engine.builder.get(payloadId)
  if (!job) throw new Error('no payload')
  await timed(times.fill, () => job.firstPass)
  const block = await timed(times.get, () => engine.getPayload(job.id))
  await timed(times.own, () => engine.newPayload(block))
  await timed(times.head, () => engine.forkchoiceUpdated(forkchoiceOf(block), null))
  return block
}

const noTimes = () => ({ fill: [], get: [], own: [], head: [] })

async function latency(folder: string): Promise<void> {
  const options = { genesis, builder: { passLimitMs: 60_000 } }
  const engine = await createExecutionEngine({ ...options, dataDir: join(folder, 'builder') })
  const verifier = await createExecutionEngine({ ...options, dataDir: join(folder, 'verifier') })
  const load = newLoad()
  let parent = await genesisOf(engine)
  console.log('Engine API on disk, median of', LATENCY_ROUNDS, 'blocks')
  console.log('   txs   fill pool  getPayload  newPayload (own)  newPayload (foreign)  forkchoice')
  for (const size of LATENCY_SIZES) {
    const times: Record<'fill' | 'get' | 'own' | 'head', number[]> = noTimes()
    const foreign: number[] = []
    for (let round = 0; round < LATENCY_ROUNDS; round++) {
      for (const tx of transfers(load, size)) engine.pool.add(tx)
      parent = await mine(engine, parent, times)
      await timed(foreign, () => verifier.newPayload(parent))
      await verifier.forkchoiceUpdated(forkchoiceOf(parent), null)
    }
    console.log(
      String(size).padStart(6),
      ms(median(times.fill)),
      ms(median(times.get)).padStart(11),
      ms(median(times.own)).padStart(17),
      ms(median(foreign)).padStart(21),
      ms(median(times.head)).padStart(11),
    )
  }
  await engine.close()
  await verifier.close()
}

async function growth(folder: string, accounts: number): Promise<void> {
  const dataDir = join(folder, 'growth')
  let engine = await createExecutionEngine({ genesis, dataDir, builder: { passLimitMs: 600_000 } })
  const load = newLoad()
  let parent = await genesisOf(engine)
  console.log(`\nState growth, ${GROWTH_BLOCK} new accounts a block, archive`)
  console.log('  accounts   built/s   disk MiB   open ms   rss MiB')
  const step = Math.max(GROWTH_BLOCK, Math.floor(accounts / 5 / GROWTH_BLOCK) * GROWTH_BLOCK)
  for (let made = 0; made < accounts; ) {
    const times: Record<'fill' | 'get' | 'own' | 'head', number[]> = noTimes()
    const until = Math.min(accounts, made + step)
    let count = 0
    for (; made < until; made += GROWTH_BLOCK, count += GROWTH_BLOCK) {
      for (const tx of transfers(load, GROWTH_BLOCK)) engine.pool.add(tx)
      parent = await mine(engine, parent, times)
    }
    await engine.close()
    const start = performance.now()
    engine = await createExecutionEngine({ genesis, dataDir, builder: { passLimitMs: 600_000 } })
    const openMs = performance.now() - start
    const spent = Object.values(times)
      .flat()
      .reduce((sum, time) => sum + time, 0)
    console.log(
      String(made).padStart(10),
      ((count * 1000) / spent).toFixed(0).padStart(9),
      (engine.chain.store.sizeBytes() / 2 ** 20).toFixed(0).padStart(10),
      openMs.toFixed(0).padStart(9),
      (process.memoryUsage.rss() / 2 ** 20).toFixed(0).padStart(9),
    )
  }
  await engine.close()
}

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { accounts: { type: 'string', default: '100000' }, state: { type: 'string', default: 'true' } },
  })
  const folder = mkdtempSync(join(tmpdir(), 'keelson-bench-'))
  try {
    await latency(folder)
    if (values.state !== 'false') await growth(folder, Number(values.accounts))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
