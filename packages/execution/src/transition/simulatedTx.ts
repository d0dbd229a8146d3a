import { type Address, encodeRlp, type RlpInput, ZERO_ADDRESS } from '@keelson/protocol'
import { effectiveGasPrice } from './applyPaid.ts'
import type { BlockContext } from './blockContext.ts'
import { BASE_FEE_VAULT } from './constants.ts'
import { ExecutionError } from './executionError.ts'
import { runSimulatedCall } from './simulateCall.ts'
import { TransferTracer } from './transferTracer.ts'
import type { CallOutcome, ReceiptLog, RejectionCode, SimulatedCall } from './types.ts'

/** The unsigned transaction that a call of a simulated block stands for, and what came of it. */
export type SimulatedTx = {
  readonly type: 0 | 2 | 4
  readonly bytes: Uint8Array
  readonly from: Address
  readonly nonce: bigint
  readonly gas: bigint
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly call: SimulatedCall
  readonly outcome: CallOutcome
  /** What the call logged; transfers of ether are among it when they are traced. */
  readonly logs: readonly ReceiptLog[]
}

export type SimulatedTxLimits = {
  readonly validation: boolean
  readonly traceTransfers: boolean
  readonly blockGasUsed: bigint
  /** Of all calls together. */
  readonly gasLeft: bigint
}

function reject(code: RejectionCode, reason: string): never {
  throw new ExecutionError('callRejected', { code, reason })
}

/** Fee fields as a transaction has them: one price stands for both. */
function feesOf({ gasPrice, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n }: SimulatedCall) {
  return gasPrice === undefined
    ? { maxFeePerGas, maxPriorityFeePerGas }
    : { maxFeePerGas: gasPrice, maxPriorityFeePerGas: gasPrice }
}

/** The checks of a transaction's nonce and fees. Without validation, calls that offer no fee pay none. */
function checkTx(
  { env, state }: BlockContext,
  tx: Omit<SimulatedTx, 'bytes' | 'outcome' | 'logs'>,
  validation: boolean,
): void {
  const { from, nonce, maxFeePerGas, maxPriorityFeePerGas } = tx
  const current = state.accountOrEmpty(from).nonce
  if (validation && nonce !== current) {
    const side = nonce < current ? 'low' : 'high'
    reject(
      nonce < current ? 'nonceTooLow' : 'nonceTooHigh',
      `nonce too ${side}: address ${from}, tx: ${nonce} state: ${current}`,
    )
  }
  if (!validation && maxFeePerGas === 0n && maxPriorityFeePerGas === 0n) return
  if (maxPriorityFeePerGas > maxFeePerGas) {
    reject(
      'tipAboveFee',
      `max priority fee per gas higher than max fee per gas: address ${from}, maxPriorityFeePerGas: ${maxPriorityFeePerGas}, maxFeePerGas: ${maxFeePerGas}`,
    )
  }
  if (maxFeePerGas < env.baseFeePerGas) {
    reject(
      'feeTooLow',
      `max fee per gas less than block base fee: address ${from}, maxFeePerGas: ${maxFeePerGas}, baseFee: ${env.baseFeePerGas}`,
    )
  }
}

function encodeUnsigned({ spec }: BlockContext, tx: Omit<SimulatedTx, 'bytes' | 'outcome' | 'logs'>): Uint8Array {
  const { type, nonce, gas, maxFeePerGas, maxPriorityFeePerGas, call } = tx
  const { to, value = 0n, data = new Uint8Array(0), accessList = [], authorizations = [] } = call
  const body: RlpInput[] = [gas, to ?? '0x', value, data]
  const unsigned: RlpInput[] = [0n, 0n, 0n]
  if (type === 0) return encodeRlp([nonce, maxFeePerGas, ...body, ...unsigned])
  const access = accessList.map(({ address, storageKeys }) => [address, storageKeys])
  const signed = authorizations.map(({ chainId, address, nonce, yParity, r, s }) => [
    chainId,
    address,
    nonce,
    yParity,
    r,
    s,
  ])
  const lists: RlpInput[] = type === 4 ? [access, signed] : [access]
  return encodeRlp([spec.chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, ...body, ...lists, ...unsigned], type)
}

/**
 * Runs one call of a simulated block as the transaction that it stands for, upon what the ones before left. Its fees go
 * to where a transaction's go; there is no L1 cost and no operator fee.
 *
 * @throws {ExecutionError} `callRejected` when it could not start; `aborted`
 */
export async function runSimulatedTx(
  context: BlockContext,
  call: SimulatedCall,
  { validation, traceTransfers, blockGasUsed, gasLeft }: SimulatedTxLimits,
): Promise<SimulatedTx> {
  const { state, env } = context
  const { from = ZERO_ADDRESS, authorizations } = call
  const asked = call.gas ?? env.gasLimit - blockGasUsed
  if (blockGasUsed + asked > env.gasLimit) {
    reject('blockGasExceeded', `block gas limit reached: ${blockGasUsed} >= ${env.gasLimit}`)
  }
  const gas = asked < gasLeft ? asked : gasLeft
  const fees = feesOf(call)
  const nonce = call.nonce ?? state.accountOrEmpty(from).nonce
  const type = call.gasPrice !== undefined ? 0 : authorizations ? 4 : 2
  const tx = { type, from, nonce, gas, ...fees, call } as const
  checkTx(context, tx, validation)
  const isFree = fees.maxFeePerGas === 0n && fees.maxPriorityFeePerGas === 0n
  const gasPrice = isFree ? 0n : effectiveGasPrice(fees, env.baseFeePerGas)
  const tracer = traceTransfers ? new TransferTracer() : null
  const bytes = encodeUnsigned(context, tx)
  const outcome = await runSimulatedCall(context, { ...call, ...fees, gasPrice }, gas, tracer)
  if (!isFree) {
    state.credit(env.feeRecipient, (gasPrice - env.baseFeePerGas) * outcome.gasUsed)
    state.credit(BASE_FEE_VAULT, env.baseFeePerGas * outcome.gasUsed)
  }
  return { ...tx, bytes, outcome, logs: tracer && outcome.status === 1 ? tracer.logs : outcome.logs }
}
