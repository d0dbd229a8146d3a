import type { EvmTracer } from '../evm/tracer.ts'
import type { BlockContext } from './blockContext.ts'
import { intrinsicGas } from './intrinsicGas.ts'
import { type MessageResult, runMessage, settle } from './message.ts'
import type { DepositFields, ExecutionTx } from './types.ts'

/** Quotient of EIP-3529: at most a fifth of the gas is refunded. */
const MAX_REFUND_QUOTIENT = 5n

/** What executing a transaction gives, before it becomes a receipt. */
export type AppliedTx = {
  readonly gasUsed: bigint
  /** Gas that the transaction takes from the block's pool. */
  readonly poolGas: bigint
  readonly result: MessageResult
}

/** Gas after execution: refunds (EIP-3529), then the calldata floor (EIP-7623). */
export function gasAfterRefund(used: bigint, refund: bigint, floor: bigint): bigint {
  const cap = used / MAX_REFUND_QUOTIENT
  const net = used - (refund < cap ? refund : cap)
  return net < floor ? floor : net
}

const failed = (error: string): MessageResult => ({
  gasUsed: 0n,
  refund: 0n,
  logs: [],
  returnValue: new Uint8Array(0),
  error,
  destroyed: [],
  touched: [],
})

/** Why a deposit cannot be executed at all; it is then included as a failed one. */
function depositFault(
  { rules, state }: BlockContext,
  tx: ExecutionTx,
  deposit: DepositFields,
  gas: { readonly intrinsic: bigint; readonly floor: bigint },
): string | null {
  if (deposit.isSystemTx && rules.regolith) return 'system transactions are not supported'
  if (tx.gasLimit < gas.intrinsic) return 'intrinsic gas too low'
  if (tx.gasLimit < gas.floor) return 'gas below the calldata floor'
  if (state.accountOrEmpty(tx.sender).balance < tx.value) return 'insufficient funds for transfer'
  return null
}

/**
 * Executes a deposit. It cannot fail as a transaction: what cannot be executed is included with status 0, its mint
 * kept and its sender's nonce raised.
 *
 * @see specs/protocol/deposits.md#execution
 */
export async function applyDeposit(
  context: BlockContext,
  tx: ExecutionTx & { readonly deposit: DepositFields },
  tracer: EvmTracer | null,
): Promise<AppliedTx> {
  const { state, rules } = context
  const { deposit, sender, gasLimit } = tx
  state.startTransaction()
  if (deposit.mint > 0n) state.credit(sender, deposit.mint)
  const gas = intrinsicGas(tx, rules)
  const fault = depositFault(context, tx, deposit, gas)
  const account = state.accountOrEmpty(sender)
  state.putAccount(sender, { ...account, nonce: account.nonce + 1n })
  const isFreeSystemTx = deposit.isSystemTx && !rules.regolith
  const reported = isFreeSystemTx ? 0n : gasLimit
  if (fault !== null) return { gasUsed: reported, poolGas: reported, result: failed(fault) }
  const { to, value, data, accessList } = tx
  const result = await runMessage(
    context,
    { sender, to, value, data, gas: gasLimit - gas.intrinsic, gasPrice: 0n, accessList, warm: [] },
    tracer,
  )
  settle(context, result)
  if (!rules.regolith) return { gasUsed: reported, poolGas: reported, result }
  const gasUsed = gasAfterRefund(gas.intrinsic + result.gasUsed, result.refund, gas.floor)
  return { gasUsed, poolGas: gasUsed, result }
}
