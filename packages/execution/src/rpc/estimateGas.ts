import { isForkActive, ZERO_ADDRESS } from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import { EMPTY_CODE_HASH } from '../state/accountCodec.ts'
import { MAX_TRANSACTION_GAS } from '../transition/constants.ts'
import type { CallOutcome } from '../transition/types.ts'
import { callError } from './callError.ts'
import { callGasPrice } from './callObject.ts'
import { RPC_GAS_CAP, type RunContext, runCall } from './runCall.ts'

const TRANSFER_GAS = 21_000n
/** The estimate may be this share of it too high, in thousandths. */
const TOLERANCE_PERMILLE = 15n

/**
 * The least gas with which a call succeeds, within a small tolerance.
 *
 * @throws {RpcMethodError} code 3 when it reverts whatever the gas; -32000 when no allowed amount is enough
 */
export async function estimateGas(context: RunContext): Promise<bigint> {
  const { chain, block, header, call } = context
  const reader = chain.stateOf(block.header)
  const cap = await highestGas(context)
  const target = call.to ? reader.getAccount(call.to) : null
  const isPlainTransfer =
    call.to &&
    (call.data === undefined || call.data.length === 0) &&
    !call.accessList?.length &&
    !call.authorizations?.length &&
    call.stateOverrides === undefined &&
    (!target || target.codeHash === EMPTY_CODE_HASH)
  const attempt = async (gas: bigint): Promise<CallOutcome | null> => {
    try {
      return await runCall({ ...context, header, call: { ...call, gas } })
    } catch (error) {
      if (!(error instanceof RpcMethodError)) throw error
      if (/intrinsic gas too low/.test(error.message)) return null
      throw new RpcMethodError(error.code, `failed with ${gas} gas: ${error.message}`)
    }
  }
  if (isPlainTransfer && cap >= TRANSFER_GAS && (await attempt(TRANSFER_GAS))?.status === 1) return TRANSFER_GAS

  const most = await attempt(cap)
  if (!most || (most.status === 0 && most.evmError === 'out of gas')) {
    throw new RpcMethodError(-32000, `gas required exceeds allowance (${cap})`)
  }
  if (most.status === 0) throw callError(most)
  let low = most.gasUsed - 1n
  let high = cap
  const succeeds = async (gas: bigint) => (await attempt(gas))?.status === 1
  // Most calls need little more than they use: refunds, stipends and the 1/64 that stays behind.
  const guess = ((most.gasUsed + 2_300n) * 64n) / 63n
  if (guess < high) {
    if (await succeeds(guess)) high = guess
    else low = guess
  }
  while (low + 1n < high && ((high - low) * 1000n) / high > TOLERANCE_PERMILLE) {
    // Towards the low end, where the answer most often is.
    const middle = (low + high) / 2n > low * 2n && low > 0n ? low * 2n : (low + high) / 2n
    if (await succeeds(middle)) high = middle
    else low = middle
  }
  return high
}

/** The most gas that may be tried: what is asked for or the block's, what the sender can pay, and the caps. */
async function highestGas({ chain, block, header, call }: RunContext): Promise<bigint> {
  let high = call.gas !== undefined && call.gas >= TRANSFER_GAS ? call.gas : header.gasLimit
  const gasPrice = callGasPrice(call, header.baseFeePerGas)
  if (gasPrice > 0n) {
    const from = call.from ?? ZERO_ADDRESS
    const balance = call.stateOverrides?.[from]?.balance ?? chain.stateOf(block.header).getAccount(from)?.balance ?? 0n
    const value = call.value ?? 0n
    if (value > balance) {
      throw new RpcMethodError(
        -32000,
        `insufficient funds for gas * price + value: address ${from} have ${balance} want ${value}`,
      )
    }
    const allowance = (balance - value) / gasPrice
    if (allowance < high) high = allowance
  }
  if (isForkActive(chain.spec, 'karst', header.timestamp) && high > MAX_TRANSACTION_GAS) high = MAX_TRANSACTION_GAS
  return high > RPC_GAS_CAP ? RPC_GAS_CAP : high
}
