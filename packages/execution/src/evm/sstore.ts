import type { Address } from '@keelson/protocol'
import type { JournaledState } from '../state/journaledState.ts'
import type { AccessJournal } from './accessJournal.ts'

const SENTRY_GAS = 2_300
const COLD_SLOAD_GAS = 2_100
const WARM_GAS = 100
const SET_GAS = 20_000
const RESET_GAS = 5_000 - COLD_SLOAD_GAS
const CLEAR_REFUND = 4_800n

type Write = { readonly address: Address; readonly slot: bigint; readonly value: bigint; readonly gas: number }

/**
 * Gas and refund of writing a slot (EIP-2200 as changed by 2929 and 3529, which hold in every fork of the OP Stack).
 * Warms the slot. `null`: too little gas is left to write at all.
 */
export function sstoreCost(
  state: JournaledState,
  journal: AccessJournal,
  { address, slot, value, gas }: Write,
): { readonly gas: number; readonly refund: bigint } | null {
  if (gas <= SENTRY_GAS) return null
  const cold = journal.warmSlot(address, slot) ? COLD_SLOAD_GAS : 0
  const current = state.getStorage(address, slot)
  if (current === value) return { gas: cold + WARM_GAS, refund: 0n }
  const original = state.getOriginalStorage(address, slot)
  if (original === current) {
    if (original === 0n) return { gas: cold + SET_GAS, refund: 0n }
    return { gas: cold + RESET_GAS, refund: value === 0n ? CLEAR_REFUND : 0n }
  }
  let refund = 0n
  if (original !== 0n) {
    if (current === 0n) refund -= CLEAR_REFUND
    else if (value === 0n) refund += CLEAR_REFUND
  }
  if (original === value) refund += BigInt((original === 0n ? SET_GAS : RESET_GAS) - WARM_GAS)
  return { gas: cold + WARM_GAS, refund }
}
