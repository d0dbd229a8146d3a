import { bytesToBigint, bytesToHex } from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import { ExecutionError } from '../transition/executionError.ts'
import type { CallOutcome } from '../transition/types.ts'

/** Code of a call that reverted; `data` is what it returned. */
const REVERTED = 3

/** Solidity's panics, in geth's words. */
const PANICS: Record<string, string> = {
  '0': 'generic panic',
  '1': 'assert(false)',
  '17': 'arithmetic underflow or overflow',
  '18': 'division or modulo by zero',
  '33': 'enum overflow',
  '34': 'invalid encoded storage byte array accessed',
  '49': 'out-of-bounds array access; popping on an empty array',
  '50': 'out-of-bounds access of an array or bytesN',
  '65': 'out of memory',
  '81': 'uninitialized function',
}

/** geth's word for an EVM error that EthereumJS names otherwise. */
const EVM_ERRORS: Record<string, string> = {
  revert: 'execution reverted',
  'stack overflow': 'stack limit reached 1024 (1023)',
  'static state change': 'write protection',
  'create collision': 'contract address collision',
  'code store out of gas': 'contract creation code storage out of gas',
  'code size to deposit exceeds maximum code size': 'max code size exceeded',
}

/** geth's word for an EVM error. */
export const evmErrorText = (error: string): string =>
  error.startsWith('invalid JUMP') ? 'invalid jump destination' : (EVM_ERRORS[error] ?? error)

/** The text in the return data of a revert: `Error(string)` or `Panic(uint256)`; `null` for anything else. */
export function revertReason(data: Uint8Array): string | null {
  const selector = bytesToHex(data.subarray(0, 4))
  if (selector === '0x4e487b71' && data.length >= 36) {
    const code = bytesToBigint(data, 4, 36)
    return PANICS[String(code)] ?? `unknown panic code: 0x${code.toString(16)}`
  }
  if (selector !== '0x08c379a0' || data.length < 68) return null
  const offset = bytesToBigint(data, 4, 36)
  const start = 4n + offset
  if (start + 32n > BigInt(data.length)) return null
  const length = bytesToBigint(data, Number(start), Number(start) + 32)
  if (start + 32n + length > BigInt(data.length)) return null
  const from = Number(start) + 32
  return new TextDecoder().decode(data.subarray(from, from + Number(length)))
}

/** The error of a call that did not succeed: code 3 with the return data for a revert, else -32000. */
export function callError({ evmError, returnValue }: CallOutcome): RpcMethodError {
  if (evmError !== 'revert') return new RpcMethodError(-32000, evmErrorText(evmError ?? 'execution failed'))
  const reason = revertReason(returnValue)
  return new RpcMethodError(
    REVERTED,
    reason === null ? 'execution reverted' : `execution reverted: ${reason}`,
    bytesToHex(returnValue),
  )
}

/** Turns a refusal to run a call into the error that geth gives. Rethrows everything else. */
export function rejectedCall(error: unknown, from: string): never {
  if (!(error instanceof ExecutionError)) throw error
  const { code, data } = error.fault
  if (code === 'aborted') throw new RpcMethodError(-32000, 'execution aborted (timeout = 5s)')
  if (code !== 'callRejected') throw error
  const text = data.reason.replace(
    /^insufficient funds: have (\d+), want (\d+)$/,
    `insufficient funds for gas * price + value: address ${from} have $1 want $2`,
  )
  throw new RpcMethodError(-32000, text)
}
