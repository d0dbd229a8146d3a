import { type Address, ZERO_ADDRESS } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { EvmTracer } from '../evm/tracer.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { JournaledState } from '../state/journaledState.ts'
import type { StateReader } from '../state/stateReader.ts'
import type { TrieStateReader } from '../state/trieStateReader.ts'
import { gasAfterRefund } from './applyDeposit.ts'
import { applyAuthorizations } from './authorizations.ts'
import { createBlockContext } from './blockContext.ts'
import { MAX_INITCODE_SIZE } from './constants.ts'
import { ExecutionError } from './executionError.ts'
import { intrinsicGas } from './intrinsicGas.ts'
import { runMessage } from './message.ts'
import { blockRulesOf } from './rules.ts'
import { createdAddress } from './transaction.ts'
import type { BlockHashLookup, CallOutcome, RejectionCode, SimulatedCall, StateOverride } from './types.ts'

export type SimulationParts = {
  readonly spec: ChainSpec
  /** Number, time, fees and recipient that the call sees. */
  readonly header: BlockHeader
  /** The state it starts from; not changed. */
  readonly reader: StateReader
  readonly call: SimulatedCall
  readonly getBlockHash: BlockHashLookup
  readonly tracer?: EvmTracer
  /** Gas when the call names none, and the most it can name. */
  readonly gasCap?: bigint
  /** Ends the call, wherever it is. */
  readonly signal?: AbortSignal
}

const DEFAULT_GAS_CAP = 50_000_000n

function override(state: JournaledState, address: Address, change: StateOverride): void {
  if (change.code) state.putCode(address, change.code)
  const account = state.accountOrEmpty(address)
  state.putAccount(address, {
    ...account,
    nonce: change.nonce ?? account.nonce,
    balance: change.balance ?? account.balance,
  })
  if (change.state) state.clearStorage(address)
  for (const [slot, word] of Object.entries({ ...change.state, ...change.stateDiff })) {
    state.putStorage(address, BigInt(slot), word)
  }
}

function reject(code: RejectionCode, reason: string): never {
  throw new ExecutionError('callRejected', { code, reason })
}

/**
 * Runs a call as a transaction would run at this block, without signature, nonce check, L1 cost and operator fee.
 * A call that reverts is an outcome, not an error.
 *
 * @throws {ExecutionError} `callRejected` when it could not even start; `aborted`
 * @throws {StateError} when the state is not in the store
 */
export async function simulateCall(parts: SimulationParts): Promise<CallOutcome> {
  const { spec, header, reader, call, getBlockHash, tracer, gasCap = DEFAULT_GAS_CAP, signal } = parts
  const state = new JournaledState(reader as TrieStateReader)
  for (const [address, change] of Object.entries(call.stateOverrides ?? {})) override(state, address as Address, change)
  const gasPrice = call.gasPrice ?? 0n
  const context = createBlockContext({
    spec,
    rules: blockRulesOf(spec, header.timestamp, header.timestamp),
    env: {
      number: header.number,
      timestamp: header.timestamp,
      gasLimit: header.gasLimit,
      // A call that pays nothing sees no base fee, so that it may pay less than it.
      baseFeePerGas: gasPrice === 0n ? 0n : header.baseFeePerGas,
      feeRecipient: header.miner,
      prevRandao: header.mixHash,
    },
    state,
    getBlockHash,
    signal,
  })
  const { from: sender = ZERO_ADDRESS, to = null, value = 0n, data = new Uint8Array(0) } = call
  const { accessList = [], authorizations = [] } = call
  const gasLimit = call.gas === undefined || call.gas > gasCap ? gasCap : call.gas
  const { intrinsic, floor } = intrinsicGas({ to, data, accessList, authorizations }, context.rules)
  for (const needed of [intrinsic, floor]) {
    if (gasLimit < needed) reject('intrinsicGas', `intrinsic gas too low: have ${gasLimit}, want ${needed}`)
  }
  if (to === null && context.rules.canyon && data.length > MAX_INITCODE_SIZE) {
    reject('initCodeTooLarge', `initcode of ${data.length} bytes, at most ${MAX_INITCODE_SIZE}`)
  }
  const account = state.accountOrEmpty(sender)
  const cost = gasLimit * gasPrice + value
  if (account.balance < cost) reject('insufficientFunds', `insufficient funds: have ${account.balance}, want ${cost}`)
  state.startTransaction()
  state.putAccount(sender, { ...account, nonce: account.nonce + 1n, balance: account.balance - gasLimit * gasPrice })
  const delegations = applyAuthorizations(state, spec.chainId, authorizations)
  const result = await runMessage(
    context,
    { sender, to, value, data, gas: gasLimit - intrinsic, gasPrice, accessList, warm: delegations.authorities },
    tracer ?? null,
  )
  return {
    gasUsed: gasAfterRefund(intrinsic + result.gasUsed, result.refund + delegations.refund, floor),
    returnValue: result.returnValue,
    status: result.error === null ? 1 : 0,
    evmError: result.error,
    logs: result.logs,
    contractAddress: to === null ? createdAddress(sender, account.nonce) : null,
  }
}
