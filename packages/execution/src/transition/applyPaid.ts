import type { EvmTracer } from '../evm/tracer.ts'
import { fastLzSize } from '../fees/fastLz.ts'
import { daFootprint, fjordL1Fee, hasNoEcotoneValues, l1Fee, operatorFee } from '../fees/l1Cost.ts'
import { EMPTY_CODE_HASH } from '../state/accountCodec.ts'
import { type AppliedTx, gasAfterRefund } from './applyDeposit.ts'
import { applyAuthorizations, isDelegation } from './authorizations.ts'
import type { BlockContext } from './blockContext.ts'
import {
  BASE_FEE_VAULT,
  L1_FEE_VAULT,
  MAX_INITCODE_SIZE,
  MAX_TRANSACTION_GAS,
  OPERATOR_FEE_VAULT,
} from './constants.ts'
import { intrinsicGas } from './intrinsicGas.ts'
import { runMessage, settle } from './message.ts'
import type { ExecutionTx, Rejection, RejectionCode } from './types.ts'

const MAX_NONCE = 0xffff_ffff_ffff_ffffn

/** What is left of the block's limits. */
export type BlockRoom = { readonly gasLeft: bigint; readonly footprintLeft: bigint }

export type PaidTx = AppliedTx & {
  readonly effectiveGasPrice: bigint
  readonly priorityFee: bigint
  readonly l1Fee: bigint
  readonly operatorFee: bigint
  readonly daFootprint: bigint
}

/** All that is known of a transaction before it runs. */
type Quote = {
  readonly gas: { readonly intrinsic: bigint; readonly floor: bigint }
  readonly gasPrice: bigint
  readonly l1Fee: bigint
  /** For the whole gas limit. */
  readonly maxOperatorFee: bigint
  readonly daFootprint: bigint
}

const reject = (code: RejectionCode, reason: string): Rejection => ({ code, reason })

/** Rules that need neither state nor fees. */
function checkShape({ rules }: BlockContext, tx: ExecutionTx, room: BlockRoom): Rejection | null {
  if (rules.depositsOnly) {
    return reject('notAllowedInActivationBlock', 'only deposits are allowed in the activation block of a fork')
  }
  if (tx.type === 4 && !rules.isthmus) return reject('typeNotSupported', 'type 4 comes with Isthmus')
  if (tx.chainId !== undefined && tx.chainId !== rules.chainId) {
    return reject('wrongChainId', `chain id ${tx.chainId}, not ${rules.chainId}`)
  }
  if (rules.karst && tx.gasLimit > MAX_TRANSACTION_GAS) {
    return reject('gasLimitTooHigh', `gas limit ${tx.gasLimit} above ${MAX_TRANSACTION_GAS}`)
  }
  if (tx.gasLimit > room.gasLeft) {
    return reject('blockGasExceeded', `gas limit ${tx.gasLimit}, ${room.gasLeft} left in the block`)
  }
  if (tx.type === 4 && tx.authorizations.length === 0) return reject('emptyAuthorizationList', 'no authorisations')
  if (tx.to === null && rules.canyon && tx.data.length > MAX_INITCODE_SIZE) {
    return reject('initCodeTooLarge', `initcode of ${tx.data.length} bytes`)
  }
  return null
}

function checkFees({ env }: BlockContext, tx: ExecutionTx): Rejection | null {
  if (tx.maxPriorityFeePerGas > tx.maxFeePerGas) {
    return reject('tipAboveFee', `tip ${tx.maxPriorityFeePerGas} above fee ${tx.maxFeePerGas}`)
  }
  if (tx.maxFeePerGas < env.baseFeePerGas) {
    return reject('feeTooLow', `fee ${tx.maxFeePerGas} below base fee ${env.baseFeePerGas}`)
  }
  return null
}

function checkSender({ state }: BlockContext, tx: ExecutionTx): Rejection | null {
  const { nonce, codeHash } = state.accountOrEmpty(tx.sender)
  if (tx.nonce < nonce) return reject('nonceTooLow', `nonce ${tx.nonce}, the account's is ${nonce}`)
  if (tx.nonce > nonce) return reject('nonceTooHigh', `nonce ${tx.nonce}, the account's is ${nonce}`)
  if (nonce >= MAX_NONCE) return reject('nonceOverflow', 'the account has no nonce left')
  if (codeHash !== EMPTY_CODE_HASH && !isDelegation(state.getCode(tx.sender))) {
    return reject('senderNotEoa', 'the sender is a contract')
  }
  return null
}

/** What one gas costs: base fee and tip, as far as the maximum reaches. */
export function effectiveGasPrice(
  tx: Pick<ExecutionTx, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFee: bigint,
): bigint {
  const wanted = baseFee + tx.maxPriorityFeePerGas
  if (wanted > tx.maxFeePerGas) return tx.maxFeePerGas
  return wanted
}

function quote(context: BlockContext, tx: ExecutionTx): Quote {
  const { rules, spec, env } = context
  const params = context.l1FeeParams()
  const size = rules.fjord ? fastLzSize(tx.bytes) : 0
  return {
    gas: intrinsicGas(tx, rules),
    gasPrice: effectiveGasPrice(tx, env.baseFeePerGas),
    l1Fee:
      rules.fjord && !hasNoEcotoneValues(params)
        ? fjordL1Fee(params, size)
        : l1Fee(spec, env.timestamp, params, tx.bytes),
    maxOperatorFee: operatorFee(spec, env.timestamp, params, tx.gasLimit),
    daFootprint: rules.jovian ? daFootprint(params, size) : 0n,
  }
}

/**
 * Executes a transaction that pays for itself, or says why it cannot stand here; the state is as before then.
 *
 * @see specs/protocol/exec-engine.md#fees
 */
export async function applyPaid(
  context: BlockContext,
  tx: ExecutionTx,
  room: BlockRoom,
  tracer: EvmTracer | null,
): Promise<PaidTx | { readonly rejected: Rejection }> {
  const rejected = checkShape(context, tx, room) ?? checkFees(context, tx) ?? checkSender(context, tx)
  if (rejected) return { rejected }
  const terms = quote(context, tx)
  const unaffordable = checkTerms(context, tx, terms, room)
  if (unaffordable) return { rejected: unaffordable }
  return execute(context, tx, terms, tracer)
}

function checkTerms({ state }: BlockContext, tx: ExecutionTx, terms: Quote, room: BlockRoom): Rejection | null {
  const { gas, daFootprint: footprint } = terms
  for (const needed of [gas.intrinsic, gas.floor]) {
    if (tx.gasLimit < needed) return reject('intrinsicGas', `gas limit ${tx.gasLimit}, at least ${needed} are needed`)
  }
  const cost = tx.value + tx.gasLimit * tx.maxFeePerGas + terms.l1Fee + terms.maxOperatorFee
  const { balance } = state.accountOrEmpty(tx.sender)
  if (balance < cost) return reject('insufficientFunds', `balance ${balance}, the transaction may cost ${cost}`)
  if (footprint > room.footprintLeft) {
    return reject('daFootprintExceeded', `DA footprint ${footprint}, ${room.footprintLeft} left in the block`)
  }
  return null
}

async function execute(
  context: BlockContext,
  tx: ExecutionTx,
  terms: Quote,
  tracer: EvmTracer | null,
): Promise<PaidTx> {
  const { state, rules, spec, env } = context
  const { sender, to, value, data, accessList, gasLimit } = tx
  const { gas, gasPrice, maxOperatorFee } = terms
  state.startTransaction()
  const payer = state.accountOrEmpty(sender)
  const upFront = gasLimit * gasPrice + terms.l1Fee + maxOperatorFee
  state.putAccount(sender, { ...payer, nonce: payer.nonce + 1n, balance: payer.balance - upFront })
  const delegations = tx.type === 4 ? applyAuthorizations(state, rules.chainId, tx.authorizations) : null
  const warm = delegations?.authorities ?? []
  const result = await runMessage(
    context,
    { sender, to, value, data, gas: gasLimit - gas.intrinsic, gasPrice, accessList, warm },
    tracer,
  )
  const refund = result.refund + (delegations?.refund ?? 0n)
  const gasUsed = gasAfterRefund(gas.intrinsic + result.gasUsed, refund, gas.floor)
  const operator = rules.isthmus ? operatorFee(spec, env.timestamp, context.l1FeeParams(), gasUsed) : 0n
  const priorityFee = (gasPrice - env.baseFeePerGas) * gasUsed
  state.credit(sender, (gasLimit - gasUsed) * gasPrice + maxOperatorFee - operator)
  state.credit(env.feeRecipient, priorityFee)
  state.credit(BASE_FEE_VAULT, env.baseFeePerGas * gasUsed)
  state.credit(L1_FEE_VAULT, terms.l1Fee)
  if (rules.isthmus) state.credit(OPERATOR_FEE_VAULT, operator)
  settle(context, result)
  return {
    gasUsed,
    poolGas: gasUsed,
    result,
    effectiveGasPrice: gasPrice,
    priorityFee,
    l1Fee: terms.l1Fee,
    operatorFee: operator,
    daFootprint: terms.daFootprint,
  }
}
