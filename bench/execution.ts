import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { createBlock } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createTxFromRLP } from '@ethereumjs/tx'
import { Account, createAddressFromString } from '@ethereumjs/util'
import { createVM, runBlock, type VM } from '@ethereumjs/vm'
import { createStateReader, executePayload, forgetSenders } from '@keelson/execution'
import {
  type Address,
  bigintToBytes,
  concatBytes,
  envelopeOf,
  type Hex,
  hexToBytes,
  keccak256,
  padLeft,
  privateKeyToAddress,
} from '@keelson/protocol'
import { executionFixtureNames, readExecutionFixture } from '../packages/execution/testing/executionFixture.ts'
import {
  ETHER,
  ExecutorChain,
  forksUpTo,
  GWEI,
  signTx,
  TEST_CHAIN_ID,
} from '../packages/execution/testing/executorChain.ts'
import { stateGrowth } from './stateGrowth.ts'

const TXS_PER_BLOCK = 1_000
const OUR_BLOCKS = 6
const BASELINE_BLOCKS = 2
const OTHER_ACCOUNTS = 20_000
const TOKEN: Address = '0x4200000000000000000000000000000000000006'
const GAS_LIMIT = 200_000_000n

/** Milliseconds that this thread has had of the processor. */
export const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const word = (value: bigint): Uint8Array => padLeft(bigintToBytes(value), 32)
const bytesHex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`

const keyOf = (index: number): Hex => bytesHex(keccak256(word(BigInt(index) + 1n)))

/** The slot of an account in a mapping that is a contract's first variable, as balances are in WETH98. */
const balanceSlot = (account: Address): Uint8Array => keccak256(concatBytes(word(BigInt(account)), word(0n)))

/** Code of a real ERC-20: the WETH predeploy of the OP Stack. */
function tokenCode(): Hex {
  const artifact = createRequire(import.meta.url).resolve(
    '@eth-optimism/contracts-bedrock/forge-artifacts/WETH98.sol/WETH98.json',
  )
  const json = JSON.parse(readFileSync(artifact, 'utf8')) as { readonly deployedBytecode: { readonly object: Hex } }
  return json.deployedBytecode.object
}

type Workload = {
  readonly name: string
  readonly senders: readonly Address[]
  /** Signed transactions, block by block. */
  readonly blocks: readonly (readonly Uint8Array[])[]
}

function workload(name: string, makeTx: (key: Hex, nonce: bigint, to: Address) => Uint8Array): Workload {
  const keys = Array.from({ length: TXS_PER_BLOCK }, (_, i) => keyOf(i))
  const senders = keys.map((key) => privateKeyToAddress(hexToBytes(key)))
  const blocks = Array.from({ length: OUR_BLOCKS }, (_, block) =>
    keys.map((key, i) => makeTx(key, BigInt(block), recipient(block * TXS_PER_BLOCK + i))),
  )
  return { name, senders, blocks }
}

/** Every other recipient is a new account. */
const recipient = (n: number): Address =>
  bytesHex(
    keccak256(word(BigInt((n % 2 === 0 ? 1 : 1_000_000) * 1_000_000 + ((n * 7919) % OTHER_ACCOUNTS)))).subarray(12),
  )

const transfers = () =>
  workload('plain transfers', (key, nonce, to) => signTx({ key, nonce, to, value: 1n, tip: 1n, maxFee: 2n * GWEI }))

const tokenTransfers = () =>
  workload('ERC-20 transfers', (key, nonce, to) => {
    const data = concatBytes(hexToBytes('0xa9059cbb'), word(BigInt(to)), word(1n))
    return signTx({ key, nonce, to: TOKEN, data, gas: 100_000n, tip: 1n, maxFee: 2n * GWEI })
  })

function allocation(senders: readonly Address[], code: Hex) {
  const balance = 100n * ETHER
  const others = Array.from({ length: OTHER_ACCOUNTS }, (_, i) => recipient(2 * i))
  return {
    balances: new Map([...senders, ...others].map((address) => [address, balance] as const)),
    code,
    storage: new Map(senders.map((address) => [balanceSlot(address), word(ETHER)] as const)),
  }
}

type Allocation = ReturnType<typeof allocation>

/** Seconds for the blocks, raw bytes to checked block hash. */
async function ours({ blocks }: Workload, { balances, code, storage }: Allocation): Promise<number[]> {
  const alloc = Object.fromEntries(Array.from(balances, ([address, balance]) => [address, { balance }]))
  const slots = Object.fromEntries(Array.from(storage, ([slot, value]) => [bytesHex(slot), bytesHex(value)]))
  const genesis = { ...alloc, [TOKEN]: { nonce: 1, code, storage: slots } }
  const chain = new ExecutorChain({ forks: forksUpTo('isthmus'), alloc: genesis, gasLimit: GAS_LIMIT })
  const seconds: number[] = []
  for (const transactions of blocks) {
    const { spec, header: parent, hash: parentHash } = chain
    const sealed = await chain.build(transactions.map((tx) => tx.slice()))
    const envelope = envelopeOf(sealed.header, sealed.hash, transactions)
    forgetSenders()
    // The cache of nodes is what a running node has; that of senders would hide work.
    const reader = createStateReader({ store: chain.store, root: parent.stateRoot, cache: chain.cache })
    const start = cpuMs()
    const block = await executePayload({ spec, parent, parentHash, reader, envelope, getBlockHash: () => null })
    seconds.push((cpuMs() - start) / 1_000)
    if (block.outcomes.some(({ receipt }) => receipt.status !== 1)) throw new Error('a transaction failed')
  }
  return seconds
}

async function baselineVm({ balances, code, storage }: Allocation): Promise<VM> {
  const common = createCustomCommon({ chainId: Number(TEST_CHAIN_ID) }, Mainnet, { hardfork: Hardfork.Prague })
  const vm = await createVM({ common })
  await vm.stateManager.checkpoint()
  for (const [address, balance] of balances) {
    await vm.stateManager.putAccount(createAddressFromString(address), new Account(0n, balance))
  }
  const token = createAddressFromString(TOKEN)
  await vm.stateManager.putAccount(token, new Account(1n, 0n))
  await vm.stateManager.putCode(token, hexToBytes(code))
  for (const [slot, value] of storage) await vm.stateManager.putStorage(token, slot, value)
  await vm.stateManager.commit()
  return vm
}

/** The same transactions through `@ethereumjs/vm`, decoded from bytes, to the block's hash. */
async function baseline({ blocks }: Workload, alloc: Allocation): Promise<number[]> {
  const vm = await baselineVm(alloc)
  const { common } = vm
  const seconds: number[] = []
  for (const [index, transactions] of blocks.slice(0, BASELINE_BLOCKS).entries()) {
    const start = cpuMs()
    const txs = transactions.map((bytes) => createTxFromRLP(bytes, { common }))
    const header = { number: index + 1, timestamp: 1_000 + 2 * index, gasLimit: GAS_LIMIT, baseFeePerGas: GWEI }
    const block = createBlock({ header, transactions: txs }, { common, skipConsensusFormatValidation: true })
    const { receipts } = await runBlock(vm, {
      block,
      generate: true,
      skipBlockValidation: true,
      skipHeaderValidation: true,
      skipHardForkValidation: true,
      setHardfork: false,
    })
    seconds.push((cpuMs() - start) / 1_000)
    if (receipts.some((receipt) => 'status' in receipt && receipt.status !== 1)) throw new Error('a transaction failed')
  }
  return seconds
}

/** Transactions a second of the best block: both sides have warmed up by then. */
const rate = (seconds: readonly number[]) => TXS_PER_BLOCK / Math.min(...seconds.slice(1))

export type ExecutionBench = {
  readonly workloads: readonly { readonly name: string; readonly ours: number; readonly baseline: number }[]
  readonly mgasPerSecond: number
}

async function realBlocks(): Promise<number> {
  let gas = 0
  let seconds = 0
  for (const name of executionFixtureNames()) {
    const { spec, parent, parentHash, store, envelope, getBlockHash, expected } = readExecutionFixture(name)
    const reader = createStateReader({ store, root: parent.stateRoot })
    const start = cpuMs()
    await executePayload({ spec, parent, parentHash, reader, envelope, getBlockHash })
    seconds += (cpuMs() - start) / 1_000
    gas += Number(expected.header.gasUsed)
  }
  return gas / 1e6 / seconds
}

/**
 * Prints, and gives back, how fast blocks are executed, beside `@ethereumjs/vm` on the same transactions; then what a
 * state of `--accounts` costs. Times are the processor's.
 */
export async function run(argv: readonly string[]): Promise<ExecutionBench> {
  const { values } = parseArgs({ args: [...argv], options: { accounts: { type: 'string', default: '1000000' } } })
  const code = tokenCode()
  const workloads: { name: string; ours: number; baseline: number }[] = []
  for (const make of [transfers, tokenTransfers]) {
    const load = make()
    const alloc = allocation(load.senders, code)
    const result = { name: load.name, ours: rate(await ours(load, alloc)), baseline: rate(await baseline(load, alloc)) }
    workloads.push(result)
    const times = (result.ours / result.baseline).toFixed(1)
    console.log(
      `${result.name}: ${result.ours.toFixed(0)}/s, @ethereumjs/vm ${result.baseline.toFixed(0)}/s: ${times} times as fast`,
    )
  }
  const mgasPerSecond = await realBlocks()
  console.log(`real blocks, stateless, cold: ${mgasPerSecond.toFixed(1)} Mgas/s`)
  await stateGrowth(Number(values.accounts))
  return { workloads, mgasPerSecond }
}
