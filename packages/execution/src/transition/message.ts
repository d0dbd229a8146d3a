import type { EVMResult } from '@ethereumjs/evm'
import { createAddressFromString } from '@ethereumjs/util'
import { type Address, bytesToHex } from '@keelson/protocol'
import { withEvm } from '../evm/evmPool.ts'
import { attachTracer } from '../evm/evmTracing.ts'
import type { OpEvm } from '../evm/opEvm.ts'
import type { EvmTracer } from '../evm/tracer.ts'
import { EMPTY_CODE_HASH } from '../state/accountCodec.ts'
import type { BlockContext } from './blockContext.ts'
import type { AccessListEntry, ReceiptLog } from './types.ts'

/** The call or creation at the heart of a transaction. The sender's nonce is raised already. */
export type TopMessage = {
  readonly sender: Address
  /** `null`: creates a contract. */
  readonly to: Address | null
  readonly value: bigint
  readonly data: Uint8Array
  /** Gas after the intrinsic part. */
  readonly gas: bigint
  readonly gasPrice: bigint
  readonly accessList: readonly AccessListEntry[]
  /** Addresses that are warm besides, such as authorities. */
  readonly warm: readonly Address[]
}

export type MessageResult = {
  readonly gasUsed: bigint
  /** Refund counter, not capped. */
  readonly refund: bigint
  readonly logs: readonly ReceiptLog[]
  readonly returnValue: Uint8Array
  /** `null` on success. */
  readonly error: string | null
  /** Accounts to look at once fees are paid: those destroyed, those touched. */
  readonly destroyed: readonly Address[]
  readonly touched: readonly Address[]
}

const NOTHING: readonly never[] = []
const EMPTY = new Uint8Array(0)
/** Precompiles are below 2^32; whatever is there goes through the EVM. */
const LOW_ADDRESS = `0x${'0'.repeat(32)}`

/** Moves value between accounts without code: all that such a call does. The value is there. */
function plainTransfer({ state }: BlockContext, { sender, to, value }: TopMessage & { to: Address }): MessageResult {
  if (value > 0n && sender !== to) {
    const from = state.accountOrEmpty(sender)
    state.putAccount(sender, { ...from, balance: from.balance - value })
  }
  if (sender !== to) state.credit(to, value)
  return {
    gasUsed: 0n,
    refund: 0n,
    logs: NOTHING,
    returnValue: EMPTY,
    error: null,
    destroyed: NOTHING,
    touched: NOTHING,
  }
}

/** Access rules of EIP-2929, 2930 and 3651 at the start of a transaction. */
function warmUp(evm: OpEvm, { env, rules }: BlockContext, { sender, to, accessList, warm }: TopMessage): void {
  const journal = evm.access
  journal.addAlwaysWarmAddress(sender)
  if (to) journal.addAlwaysWarmAddress(to)
  if (rules.canyon) journal.addAlwaysWarmAddress(env.feeRecipient)
  for (const address of warm) journal.addAlwaysWarmAddress(address)
  for (const { address, storageKeys } of accessList) {
    journal.addAlwaysWarmAddress(address)
    for (const key of storageKeys) journal.addAlwaysWarmSlot(address, key)
  }
}

function logsOf(result: EVMResult): readonly ReceiptLog[] {
  return Array.from(result.execResult.logs ?? NOTHING, ([address, topics, data]) => ({
    address: bytesToHex(address),
    topics: topics.map(bytesToHex),
    data,
  }))
}

/** From Cancun only what was created in the same transaction is destroyed (EIP-6780). */
function destroyedBy({ execResult }: EVMResult, rules: BlockContext['rules']): readonly Address[] {
  const marked = [...(execResult.selfdestruct?.keys() ?? NOTHING)]
  return rules.ecotone ? marked.filter((address) => execResult.createdAddresses?.has(address)) : marked
}

/**
 * Runs the call or creation of a transaction. Its changes are in the state afterwards, unless it failed; accounts are
 * destroyed and emptied by {@link settle}, after fees.
 */
export async function runMessage(
  context: BlockContext,
  message: TopMessage,
  tracer: EvmTracer | null,
): Promise<MessageResult> {
  const { state, spec, env, evmBlock, getBlockHash, signal, precompiles = null } = context
  const { to } = message
  const isPlain =
    to !== null &&
    !tracer &&
    !precompiles &&
    state.accountOrEmpty(to).codeHash === EMPTY_CODE_HASH &&
    !to.startsWith(LOW_ADDRESS)
  if (isPlain) return plainTransfer(context, { ...message, to })
  return withEvm(spec, env.timestamp, { state, getBlockHash, signal, precompiles }, async (evm) => {
    warmUp(evm, context, message)
    if (tracer) attachTracer(evm, tracer)
    const caller = createAddressFromString(message.sender)
    const result = await evm.runCall({
      block: evmBlock,
      gasPrice: message.gasPrice,
      origin: caller,
      caller,
      ...(to !== null && { to: createAddressFromString(to) }),
      gasLimit: message.gas,
      value: message.value,
      data: message.data,
      skipNonceIncrement: true,
    })
    const { execResult } = result
    return {
      gasUsed: execResult.executionGasUsed,
      refund: execResult.gasRefund ?? 0n,
      logs: logsOf(result),
      returnValue: execResult.returnValue,
      error: execResult.exceptionError?.error ?? null,
      destroyed: destroyedBy(result, context.rules),
      touched: [...evm.access.touched],
    }
  })
}

/** Ends a transaction, after fees: removes destroyed accounts and touched ones that are empty. */
export function settle({ state }: BlockContext, { destroyed, touched }: MessageResult): void {
  for (const address of destroyed) state.putAccount(address, null)
  for (const address of touched) state.removeIfEmpty(address)
}
