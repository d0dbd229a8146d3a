import type { Address } from '@keelson/protocol'
import type { JournaledState } from '../state/journaledState.ts'
import type { StateOverride } from './types.ts'

function override(state: JournaledState, address: Address, change: StateOverride): void {
  if (change.code) state.putCode(address, change.code)
  const account = state.accountOrEmpty(address)
  state.putAccount(address, {
    ...account,
    nonce: change.nonce ?? account.nonce,
    balance: change.balance ?? account.balance,
  })
  if (change.state) state.clearStorage(address)
  for (const [slot, word] of Object.entries({ ...change.state, ...change.stateDiff })) {
    state.putStorage(address, BigInt(slot), word)
  }
}

/** Changes a state for a simulation, before it starts. */
export function applyOverrides(
  state: JournaledState,
  overrides: Readonly<Record<Address, StateOverride>> | undefined,
): void {
  for (const [address, change] of Object.entries(overrides ?? {})) override(state, address as Address, change)
}
