import {
  type Address,
  bytesToHex,
  EMPTY_REQUESTS_HASH,
  EMPTY_TRIE_ROOT,
  EMPTY_UNCLES_HASH,
  encodeRlp,
  type Hash,
  headerHash,
  nextBaseFee,
  orderedTrieRoot,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { JournaledState } from '../state/journaledState.ts'
import type { TrieStateReader } from '../state/trieStateReader.ts'
import type { BlockContext } from './blockContext.ts'
import { bloomOf, encodeReceipt, joinBlooms } from './receipts.ts'
import { runSimulatedCall, simulationContext } from './simulateCall.ts'
import { applyOverrides } from './stateOverrides.ts'
import { openBlock } from './systemCalls.ts'
import type { BlockHashLookup, CallOutcome, Receipt, SimulatedCall, StateOverride } from './types.ts'

/** Header fields that a simulated block may choose. */
export type BlockOverrides = Partial<
  Pick<BlockHeader, 'number' | 'timestamp' | 'gasLimit' | 'miner' | 'mixHash' | 'baseFeePerGas'>
>

export type SimulatedBlock = {
  readonly overrides?: BlockOverrides
  readonly stateOverrides?: Readonly<Record<Address, StateOverride>>
  readonly calls: readonly SimulatedCall[]
}

export type SimulatedBlockOutcome = {
  readonly header: BlockHeader
  readonly hash: Hash
  /** Unsigned transactions that the calls stand for. */
  readonly transactions: readonly Uint8Array[]
  readonly calls: readonly CallOutcome[]
}

export type BlockSimulationParts = {
  readonly spec: ChainSpec
  readonly parent: BlockHeader
  readonly parentHash: Hash
  /** The state after the parent; not changed. */
  readonly reader: TrieStateReader
  readonly blocks: readonly SimulatedBlock[]
  readonly getBlockHash: BlockHashLookup
  /** Base fees as in a real chain; without it they are 0 unless chosen. */
  readonly validation?: boolean
  /** Gas for all calls together. */
  readonly gasCap?: bigint
  readonly signal?: AbortSignal
}

const DEFAULT_GAS_CAP = 50_000_000n
const BLOCK_TIME = 2n

function headerAfter(
  parent: BlockHeader,
  parentHash: Hash,
  spec: ChainSpec,
  block: SimulatedBlock,
  validation: boolean,
): BlockHeader {
  const timestamp = block.overrides?.timestamp ?? parent.timestamp + BLOCK_TIME
  return {
    ...parent,
    parentHash,
    sha3Uncles: EMPTY_UNCLES_HASH,
    number: parent.number + 1n,
    timestamp,
    mixHash: ZERO_HASH,
    baseFeePerGas: validation ? nextBaseFee(spec, parent, timestamp) : 0n,
    ...block.overrides,
  }
}

function unsignedTransaction(spec: ChainSpec, call: SimulatedCall, nonce: bigint, gas: bigint): Uint8Array {
  const { to = null, value = 0n, data = new Uint8Array(0), gasPrice = 0n, accessList = [] } = call
  const access = accessList.map(({ address, storageKeys }) => [address, storageKeys])
  return encodeRlp([spec.chainId, nonce, 0n, gasPrice, gas, to ?? '0x', value, data, access, 0n, 0n, 0n], 2)
}

/** Seals a simulated block. Its withdrawals root is always that of no withdrawals. */
function sealSimulated(
  context: BlockContext,
  header: BlockHeader,
  transactions: Uint8Array[],
  calls: CallOutcome[],
): BlockHeader {
  const { rules, state } = context
  let cumulativeGasUsed = 0n
  const receipts = calls.map(({ gasUsed, status, logs }): Receipt => {
    cumulativeGasUsed += gasUsed
    return { type: 2, status, cumulativeGasUsed, logs, logsBloom: bloomOf(logs) }
  })
  return {
    ...header,
    stateRoot: state.seal().root,
    transactionsRoot: orderedTrieRoot(transactions),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
    logsBloom: bytesToHex(joinBlooms(receipts.map(({ logsBloom }) => logsBloom))),
    gasUsed: cumulativeGasUsed,
    ...(rules.canyon && { withdrawalsRoot: EMPTY_TRIE_ROOT }),
    ...(rules.ecotone && { blobGasUsed: 0n, excessBlobGas: 0n, parentBeaconBlockRoot: ZERO_HASH }),
    ...(rules.isthmus && { requestsHash: EMPTY_REQUESTS_HASH }),
  }
}

/**
 * Runs calls in made-up blocks, one on top of the other, upon a real state: the heart of `eth_simulateV1`.
 *
 * @throws {ExecutionError} `callRejected` for the first call that cannot start; `aborted`
 * @see specs/protocol/isthmus/exec-engine.md#transaction-simulation
 */
export async function simulateBlocks(parts: BlockSimulationParts): Promise<readonly SimulatedBlockOutcome[]> {
  const { spec, reader, blocks, getBlockHash, validation = false, gasCap = DEFAULT_GAS_CAP, signal } = parts
  const state = new JournaledState(reader)
  const made = new Map<bigint, Hash>()
  const lookup: BlockHashLookup = (number) => made.get(number) ?? getBlockHash(number)
  const outcomes: SimulatedBlockOutcome[] = []
  let { parent, parentHash } = parts
  let gasLeft = gasCap
  for (const block of blocks) {
    const open = headerAfter(parent, parentHash, spec, block, validation)
    applyOverrides(state, block.stateOverrides)
    const contextParts = { spec, header: open, getBlockHash: lookup, ...(signal && { signal }) }
    const context = simulationContext(contextParts, state, open.baseFeePerGas)
    await openBlock(context, parentHash, ZERO_HASH)
    const transactions: Uint8Array[] = []
    const calls: CallOutcome[] = []
    let blockGas = open.gasLimit
    for (const call of block.calls) {
      let gas = call.gas ?? blockGas
      for (const limit of [blockGas, gasLeft]) if (gas > limit) gas = limit
      transactions.push(unsignedTransaction(spec, call, state.accountOrEmpty(call.from ?? ZERO_ADDRESS).nonce, gas))
      const outcome = await runSimulatedCall(context, call, gas, null)
      blockGas -= outcome.gasUsed
      gasLeft -= outcome.gasUsed
      calls.push(outcome)
    }
    const header = sealSimulated(context, open, transactions, calls)
    const hash = headerHash(header)
    outcomes.push({ header, hash, transactions, calls })
    made.set(header.number, hash)
    parent = header
    parentHash = hash
  }
  return outcomes
}
