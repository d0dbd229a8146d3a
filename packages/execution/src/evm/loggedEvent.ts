import { type Address, bigintToBytes, bytesToHex, type Hash } from '@keelson/protocol'
import type { EvmStep } from './tracer.ts'

/** What an opcode is about to log. */
export type LoggedEvent = { readonly address: Address; readonly topics: Hash[]; readonly data: Uint8Array }

/** What a LOG takes for each byte. */
const GAS_PER_BYTE = 8n
const LOG0 = 0xa0
const LOG4 = 0xa4

/** The event of a step that is a LOG; `null` for other steps, and for a LOG that nobody has the gas for. */
export function loggedEvent({ opcode, stack, memory, address, gasLeft }: EvmStep): LoggedEvent | null {
  if (opcode.code < LOG0 || opcode.code > LOG4) return null
  const offset = stack.at(-1) ?? 0n
  const size = stack.at(-2) ?? 0n
  if (size * GAS_PER_BYTE > gasLeft || (size > 0n && offset > gasLeft * 32n)) return null
  const data = new Uint8Array(Number(size))
  data.set(memory.subarray(Number(offset), Number(offset + size)))
  const topics = Array.from({ length: opcode.code - LOG0 }, (_, i) =>
    bytesToHex(bigintToBytes(stack.at(-3 - i) ?? 0n, 32)),
  )
  return { address, topics, data }
}
