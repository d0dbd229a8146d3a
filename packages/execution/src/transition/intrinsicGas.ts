import type { BlockRules } from './rules.ts'
import type { AccessListEntry, Authorization } from './types.ts'

/** What of a transaction the gas before execution depends on. */
export type GasShape = {
  readonly to: string | null
  readonly data: Uint8Array
  readonly accessList: readonly AccessListEntry[]
  readonly authorizations: readonly Authorization[]
}

const TX_GAS = 21_000
const CREATE_GAS = 32_000
const ZERO_BYTE_GAS = 4
const BYTE_GAS = 16
const INITCODE_WORD_GAS = 2
const ACCESS_ADDRESS_GAS = 2_400
const ACCESS_SLOT_GAS = 1_900
/** EIP-7702: paid for each authorisation, partly refunded when the account is there. */
export const AUTHORIZATION_GAS = 25_000
export const AUTHORIZATION_REFUND = 12_500n
/** EIP-7623. */
const FLOOR_GAS_PER_TOKEN = 10

function zeroBytes(data: Uint8Array): number {
  let zeroes = 0
  for (let i = 0; i < data.length; i++) if (data[i] === 0) zeroes++
  return zeroes
}

/**
 * Gas that a transaction uses before any code runs, and the least it uses in all (EIP-7623, from Isthmus; else 0).
 */
export function intrinsicGas(tx: GasShape, rules: BlockRules): { readonly intrinsic: bigint; readonly floor: bigint } {
  const { data, to, accessList, authorizations } = tx
  const zeroes = data.length === 0 ? 0 : zeroBytes(data)
  const others = data.length - zeroes
  let gas = TX_GAS + zeroes * ZERO_BYTE_GAS + others * BYTE_GAS
  if (to === null) {
    gas += CREATE_GAS
    if (rules.canyon) gas += INITCODE_WORD_GAS * Math.ceil(data.length / 32)
  }
  for (const { storageKeys } of accessList) gas += ACCESS_ADDRESS_GAS + storageKeys.length * ACCESS_SLOT_GAS
  gas += authorizations.length * AUTHORIZATION_GAS
  const floor = rules.isthmus ? TX_GAS + FLOOR_GAS_PER_TOKEN * (zeroes + others * 4) : 0
  return { intrinsic: BigInt(gas), floor: BigInt(floor) }
}
