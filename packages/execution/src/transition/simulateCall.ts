import { activeFork, ZERO_ADDRESS } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { PrecompileMoves } from '../evm/precompileMoves.ts'
import type { EvmTracer } from '../evm/tracer.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { JournaledState } from '../state/journaledState.ts'
import type { TrieStateReader } from '../state/trieStateReader.ts'
import { gasAfterRefund } from './applyDeposit.ts'
import { applyAuthorizations } from './authorizations.ts'
import { type BlockContext, createBlockContext } from './blockContext.ts'
import { MAX_INITCODE_SIZE } from './constants.ts'
import { ExecutionError } from './executionError.ts'
import { intrinsicGas } from './intrinsicGas.ts'
import { runMessage, settle } from './message.ts'
import { blockRulesOf } from './rules.ts'
import { applyOverrides, precompileMovesOf } from './stateOverrides.ts'
import { createdAddress } from './transaction.ts'
import type { BlockHashLookup, CallOutcome, RejectionCode, SimulatedCall } from './types.ts'

export type SimulationParts = {
  readonly spec: ChainSpec
  /** Number, time, fees and recipient that the call sees. */
  readonly header: BlockHeader
  /** The state it starts from; not changed. */
  readonly reader: TrieStateReader
  readonly call: SimulatedCall
  /** What BLOBBASEFEE gives; 1 unless chosen. */
  readonly blobBaseFee?: bigint
  readonly getBlockHash: BlockHashLookup
  readonly tracer?: EvmTracer
  /** Gas when the call names none, and the most it can name. */
  readonly gasCap?: bigint
  /** Ends the call, wherever it is. */
  readonly signal?: AbortSignal
}

const DEFAULT_GAS_CAP = 50_000_000n

function reject(code: RejectionCode, reason: string): never {
  throw new ExecutionError('callRejected', { code, reason })
}

type ContextParts = Pick<SimulationParts, 'spec' | 'header' | 'getBlockHash' | 'signal' | 'blobBaseFee'>

/** The block that simulated calls see. */
export function simulationContext(
  { spec, header, getBlockHash, signal, blobBaseFee }: ContextParts,
  state: JournaledState,
  baseFeePerGas: bigint,
  precompiles: PrecompileMoves | null,
): BlockContext {
  return createBlockContext({
    spec,
    rules: blockRulesOf(spec, header.timestamp, header.timestamp),
    env: {
      number: header.number,
      timestamp: header.timestamp,
      gasLimit: header.gasLimit,
      baseFeePerGas,
      feeRecipient: header.miner,
      prevRandao: header.mixHash,
      ...(blobBaseFee !== undefined && { blobBaseFee }),
    },
    state,
    getBlockHash,
    signal,
    precompiles,
  })
}

/**
 * Runs a call in a block that is simulated, upon the state that earlier calls left.
 *
 * @throws {ExecutionError} `callRejected`, `aborted`
 */
export async function runSimulatedCall(
  context: BlockContext,
  call: SimulatedCall,
  gasLimit: bigint,
  tracer: EvmTracer | null,
): Promise<CallOutcome> {
  const { state, rules, spec } = context
  const { from: sender = ZERO_ADDRESS, to = null, value = 0n, data = new Uint8Array(0), gasPrice = 0n } = call
  const { accessList = [], authorizations = [] } = call
  const { intrinsic, floor } = intrinsicGas({ to, data, accessList, authorizations }, rules)
  for (const needed of [intrinsic, floor]) {
    if (gasLimit < needed) reject('intrinsicGas', `intrinsic gas too low: have ${gasLimit}, want ${needed}`)
  }
  if (to === null && rules.canyon && data.length > MAX_INITCODE_SIZE) {
    reject('initCodeTooLarge', `initcode of ${data.length} bytes, at most ${MAX_INITCODE_SIZE}`)
  }
  const account = state.accountOrEmpty(sender)
  const cost = gasLimit * (call.maxFeePerGas ?? gasPrice) + value
  if (account.balance < cost) reject('insufficientFunds', `insufficient funds: have ${account.balance}, want ${cost}`)
  state.startTransaction()
  state.putAccount(sender, { ...account, nonce: account.nonce + 1n, balance: account.balance - gasLimit * gasPrice })
  const delegations = applyAuthorizations(state, spec.chainId, authorizations)
  const result = await runMessage(
    context,
    { sender, to, value, data, gas: gasLimit - intrinsic, gasPrice, accessList, warm: delegations.authorities },
    tracer,
  )
  const gasUsed = gasAfterRefund(intrinsic + result.gasUsed, result.refund + delegations.refund, floor)
  state.credit(sender, (gasLimit - gasUsed) * gasPrice)
  settle(context, result)
  return {
    gasUsed,
    returnValue: result.returnValue,
    status: result.error === null ? 1 : 0,
    evmError: result.error,
    logs: result.logs,
    contractAddress: to === null ? createdAddress(sender, account.nonce) : null,
  }
}

/**
 * Runs a call as a transaction would run at this block, without signature, nonce check, L1 cost and operator fee.
 * A call that reverts is an outcome, not an error.
 *
 * @throws {ExecutionError} `callRejected` when it could not even start; `aborted`
 * @throws {StateError} when the state is not in the store
 */
export async function simulateCall(parts: SimulationParts): Promise<CallOutcome> {
  const { header, reader, call, tracer, gasCap = DEFAULT_GAS_CAP } = parts
  const state = new JournaledState(reader)
  applyOverrides(state, call.stateOverrides)
  // A call that pays nothing sees no base fee, so that it may pay less than it.
  const isFree = (call.gasPrice ?? 0n) === 0n
  const moves = precompileMovesOf(call.stateOverrides, activeFork(parts.spec, header.timestamp))
  const context = simulationContext(parts, state, isFree ? 0n : header.baseFeePerGas, moves)
  const gasLimit = call.gas === undefined || call.gas > gasCap ? gasCap : call.gas
  return runSimulatedCall(context, call, gasLimit, tracer ?? null)
}
