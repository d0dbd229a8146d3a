/** Growth of the state on disk: what a block of transfers costs when there are 10,000, 100,000, 1,000,000 accounts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createExecutionEngine, type ExecutionEngine } from '@keelson/execution'
import {
  type Address,
  bigintToBytes,
  bytesToHex,
  concatBytes,
  type ExecutionPayloadEnvelope,
  encodeDepositTx,
  type Hex,
  hexToBytes,
  keccak256,
  privateKeyToAddress,
} from '@keelson/protocol'
import {
  devAttributes,
  devGenesis,
  devL1Block,
  devL1InfoTx,
  devTx,
  extendChain,
  genesisOf,
} from '../packages/execution/testing/devChain.ts'
import { codeHex } from '../packages/execution/testing/executorChain.ts'

/** Makes accounts: sends 1 wei to the hash of each number from its first argument up to its second. */
const MAKER: Address = `0x${'a1'.repeat(20)}`
const MAKER_CODE = codeHex(
  '6000 35 5b 80 6000 52 6000 6000 6000 6000 6001 6020 6000 20 6000 f1 50 6001 01 80 6020 35 11 6003 57 00',
)
const MADE_PER_BLOCK = 10_000
const TRANSFERS = 1_000
const MEASURED_BLOCKS = 5
const SENDERS = 500
const FEE = 1_000_000_000_000n
const GAS_LIMIT = 1_000_000_000n

const keys = Array.from({ length: SENDERS }, (_, i): Hex => `0x${(i + 1).toString(16).padStart(64, '0')}`)
const genesis = devGenesis({
  gasLimit: GAS_LIMIT,
  alloc: {
    ...devL1Block(),
    [MAKER]: { nonce: 1, balance: `0x${(10n ** 24n).toString(16)}`, code: MAKER_CODE },
    ...Object.fromEntries(
      keys.map((key) => [privateKeyToAddress(hexToBytes(key)), { balance: `0x${(10n ** 24n).toString(16)}` }]),
    ),
  },
})

const word = (value: bigint): Uint8Array => bigintToBytes(value, 32)
const made = (index: number): Address => bytesToHex(keccak256(word(BigInt(index))).subarray(12))

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/** A deposit that makes the accounts from `from` up to `to`. */
function makingDeposit(from: number, to: number): Uint8Array {
  return encodeDepositTx({
    sourceHash: bytesToHex(keccak256(word(BigInt(to)))),
    from: MAKER,
    to: MAKER,
    mint: 0n,
    value: 0n,
    gas: GAS_LIMIT - 10_000_000n,
    isSystemTx: false,
    data: concatBytes(word(BigInt(from)), word(BigInt(to))),
  })
}

type Growth = { engine: ExecutionEngine; parent: ExecutionPayloadEnvelope; accounts: number; sent: number }

/** Builds a block of these transactions, stores it and makes it the head; gives what that took of the processor. */
async function mine(growth: Growth, transactions: readonly Uint8Array[]): Promise<number> {
  const { engine, parent } = growth
  const number = parent.executionPayload.blockNumber + 1n
  const attributes = devAttributes(parent, { transactions: [devL1InfoTx(number), ...transactions] })
  const start = cpuMs()
  growth.parent = await extendChain(engine, parent, attributes)
  const ms = cpuMs() - start
  const receipts = engine.chain.store.receipts(growth.parent.executionPayload.blockHash) ?? []
  if (receipts.some(({ status }) => status !== 1)) throw new Error('a transaction failed')
  return ms
}

/** Transfers of which every other one makes an account; the rest go to accounts from all over the state. */
function transfers(growth: Growth): Uint8Array[] {
  return Array.from({ length: TRANSFERS }, (_, i) => {
    const index = growth.sent++
    const to = index % 2 === 0 ? made(2 ** 40 + index) : made((index * 7_919) % growth.accounts)
    return devTx({ key: keys[i % SENDERS] as Hex, nonce: BigInt(Math.floor(index / SENDERS)), to, maxFeePerGas: FEE })
  })
}

/** What is left in the heap is what the engine keeps. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

const mib = (bytes: number, width: number): string => (bytes / 2 ** 20).toFixed(0).padStart(width)

/**
 * Prints what a block of 1,000 transfers costs at 10,000, 100,000, … accounts, how long such a chain takes to open, and
 * what it takes of disk and memory (of which the mapped file is part). All states are kept.
 */
export async function stateGrowth(accounts: number): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'keelson-growth-'))
  const open = () => createExecutionEngine({ genesis, dataDir, builder: { passLimitMs: 600_000 } })
  try {
    const engine = await open()
    const growth: Growth = { engine, parent: await genesisOf(engine), accounts: 0, sent: 0 }
    console.log(
      `State growth on disk: blocks that make ${MADE_PER_BLOCK} accounts each; then blocks of ${TRANSFERS} transfers`,
    )
    console.log('   accounts   made/s   block ms   transfers/s   disk MiB   open ms   heap MiB   rss MiB')
    for (let target = 10_000; target <= accounts; target *= 10) {
      let making = 0
      const before = growth.accounts
      while (growth.accounts < target) {
        const to = Math.min(growth.accounts + MADE_PER_BLOCK, target)
        making += await mine(growth, [makingDeposit(growth.accounts, to)])
        growth.accounts = to
      }
      const blocks: number[] = []
      for (let i = 0; i < MEASURED_BLOCKS; i++) blocks.push(await mine(growth, transfers(growth)))
      const block = blocks.toSorted((a, b) => a - b)[blocks.length >> 1] as number
      collectGarbage()
      const { heapUsed, rss } = process.memoryUsage()
      await growth.engine.close()
      const start = cpuMs()
      growth.engine = await open()
      const opening = cpuMs() - start
      console.log(
        String(target).padStart(11),
        (((target - before) * 1_000) / making).toFixed(0).padStart(8),
        block.toFixed(0).padStart(10),
        ((TRANSFERS * 1_000) / block).toFixed(0).padStart(13),
        mib(growth.engine.chain.store.sizeBytes(), 10),
        opening.toFixed(0).padStart(9),
        mib(heapUsed, 10),
        mib(rss, 9),
      )
    }
    await growth.engine.close()
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}
