import { ZERO_ADDRESS } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { Chain } from '../chain/chain.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { EvmTracer } from '../evm/tracer.ts'
import { simulateCall } from '../transition/simulateCall.ts'
import type { CallOutcome } from '../transition/types.ts'
import { rejectedCall } from './callError.ts'
import { type CallObject, callGasPrice } from './callObject.ts'

/** Gas that one call may use, and how long it may take. */
export const RPC_GAS_CAP = 50_000_000n
export const CALL_TIMEOUT_MS = 5_000

export type RunContext = {
  readonly chain: Chain
  /** Whose state the call starts from. */
  readonly block: StoredBlock
  /** What it sees of the block: its header, or one with fields overridden. */
  readonly header: BlockHeader
  readonly call: CallObject
  /** What BLOBBASEFEE gives; 1 unless chosen. */
  readonly blobBaseFee?: bigint | undefined
  readonly signal?: AbortSignal
  readonly tracer?: EvmTracer
}

/**
 * Runs a call on the state after a block. A call that fails is an outcome.
 *
 * @throws {RpcMethodError} when it could not start, or took too long
 */
export async function runCall(context: RunContext): Promise<CallOutcome> {
  const { chain, block, header, call, blobBaseFee, signal, tracer } = context
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS)
  try {
    return await simulateCall({
      spec: chain.spec,
      header,
      reader: chain.stateOf(block.header),
      call: { ...call, gasPrice: callGasPrice(call, header.baseFeePerGas) },
      getBlockHash: chain.ancestorsOf(block.hash),
      gasCap: RPC_GAS_CAP,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(tracer && { tracer }),
      ...(blobBaseFee !== undefined && { blobBaseFee }),
    })
  } catch (error) {
    return rejectedCall(error, call.from ?? ZERO_ADDRESS)
  }
}
