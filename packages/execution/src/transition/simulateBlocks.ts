import {
  type Address,
  activeFork,
  bytesToHex,
  EMPTY_REQUESTS_HASH,
  EMPTY_TRIE_ROOT,
  EMPTY_UNCLES_HASH,
  type Hash,
  headerHash,
  nextBaseFee,
  orderedTrieRoot,
  ZERO_HASH,
} from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { JournaledState } from '../state/journaledState.ts'
import type { TrieStateReader } from '../state/trieStateReader.ts'
import type { BlockContext } from './blockContext.ts'
import { bloomOf, encodeReceipt, joinBlooms } from './receipts.ts'
import { simulationContext } from './simulateCall.ts'
import { runSimulatedTx, type SimulatedTx } from './simulatedTx.ts'
import { applyOverrides, precompileMovesOf } from './stateOverrides.ts'
import { openBlock } from './systemCalls.ts'
import type { BlockHashLookup, Receipt, SimulatedCall, StateOverride } from './types.ts'

/** Header fields that a simulated block may choose. */
export type BlockOverrides = Partial<
  Pick<
    BlockHeader,
    'number' | 'timestamp' | 'gasLimit' | 'miner' | 'mixHash' | 'baseFeePerGas' | 'parentBeaconBlockRoot'
  >
> & { readonly blobBaseFee?: bigint }

export type SimulatedBlock = {
  readonly overrides?: BlockOverrides
  readonly stateOverrides?: Readonly<Record<Address, StateOverride>>
  readonly calls: readonly SimulatedCall[]
}

export type SimulatedBlockOutcome = {
  readonly header: BlockHeader
  readonly hash: Hash
  /** The unsigned transactions that the calls stand for, with what came of them. */
  readonly transactions: readonly SimulatedTx[]
}

export type BlockSimulationParts = {
  readonly spec: ChainSpec
  readonly parent: BlockHeader
  readonly parentHash: Hash
  /** The state after the parent; not changed. */
  readonly reader: TrieStateReader
  readonly blocks: readonly SimulatedBlock[]
  readonly getBlockHash: BlockHashLookup
  /** Nonces and fees must hold, and base fees are as in a real chain; without it they are 0 unless chosen. */
  readonly validation?: boolean
  /** Outcomes have transfers of ether among their logs. */
  readonly traceTransfers?: boolean
  /** Gas for all calls together. */
  readonly gasCap?: bigint
  readonly signal?: AbortSignal
}

const DEFAULT_GAS_CAP = 50_000_000n
/** Seconds between simulated blocks that choose no time: op-geth's. */
export const SIMULATED_BLOCK_TIME = 12n

function headerAfter(
  parent: BlockHeader,
  parentHash: Hash,
  spec: ChainSpec,
  block: SimulatedBlock,
  validation: boolean,
): BlockHeader {
  const { blobBaseFee: _, ...fields } = block.overrides ?? {}
  const timestamp = fields.timestamp ?? parent.timestamp + SIMULATED_BLOCK_TIME
  return {
    ...parent,
    parentHash,
    sha3Uncles: EMPTY_UNCLES_HASH,
    number: parent.number + 1n,
    timestamp,
    mixHash: ZERO_HASH,
    baseFeePerGas: validation ? nextBaseFee(spec, parent, timestamp) : 0n,
    parentBeaconBlockRoot: ZERO_HASH,
    ...fields,
  }
}

/** Seals a simulated block. Its withdrawals root is always that of no withdrawals. */
function sealSimulated(context: BlockContext, header: BlockHeader, transactions: readonly SimulatedTx[]): BlockHeader {
  const { rules, state } = context
  let cumulativeGasUsed = 0n
  const receipts = transactions.map(({ type, outcome }): Receipt => {
    const { gasUsed, status, logs } = outcome
    cumulativeGasUsed += gasUsed
    return { type, status, cumulativeGasUsed, logs, logsBloom: bloomOf(logs) }
  })
  const { parentBeaconBlockRoot, ...fields } = header
  return {
    ...fields,
    stateRoot: state.seal().root,
    transactionsRoot: orderedTrieRoot(transactions.map(({ bytes }) => bytes)),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
    logsBloom: bytesToHex(joinBlooms(receipts.map(({ logsBloom }) => logsBloom))),
    gasUsed: cumulativeGasUsed,
    ...(rules.canyon && { withdrawalsRoot: EMPTY_TRIE_ROOT }),
    ...(rules.ecotone && { blobGasUsed: 0n, excessBlobGas: 0n, parentBeaconBlockRoot }),
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
  const { spec, reader, blocks, getBlockHash, gasCap = DEFAULT_GAS_CAP, signal } = parts
  const { validation = false, traceTransfers = false } = parts
  const state = new JournaledState(reader)
  const made = new Map<bigint, Hash>()
  const lookup: BlockHashLookup = (number) => made.get(number) ?? getBlockHash(number)
  const outcomes: SimulatedBlockOutcome[] = []
  let { parent, parentHash } = parts
  let gasLeft = gasCap
  for (const block of blocks) {
    const open = headerAfter(parent, parentHash, spec, block, validation)
    const moves = precompileMovesOf(block.stateOverrides, activeFork(spec, open.timestamp))
    applyOverrides(state, block.stateOverrides)
    const { blobBaseFee } = block.overrides ?? {}
    const contextParts = {
      spec,
      header: open,
      getBlockHash: lookup,
      ...(signal && { signal }),
      ...(blobBaseFee !== undefined && { blobBaseFee }),
    }
    const context = simulationContext(contextParts, state, open.baseFeePerGas, moves)
    await openBlock(context, parentHash, open.parentBeaconBlockRoot)
    const transactions: SimulatedTx[] = []
    let blockGasUsed = 0n
    for (const call of block.calls) {
      const tx = await runSimulatedTx(context, call, { validation, traceTransfers, blockGasUsed, gasLeft })
      blockGasUsed += tx.outcome.gasUsed
      gasLeft -= tx.outcome.gasUsed
      transactions.push(tx)
    }
    const header = sealSimulated(context, open, transactions)
    const hash = headerHash(header)
    outcomes.push({ header, hash, transactions })
    made.set(header.number, hash)
    parent = header
    parentHash = hash
  }
  return outcomes
}
