import type { Address, Fork } from '@keelson/protocol'
import { isPrecompile, type PrecompileMoves } from '../evm/precompileMoves.ts'
import type { JournaledState } from '../state/journaledState.ts'
import { ExecutionError } from './executionError.ts'
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

/**
 * What overrides do to the precompiles of a fork: they move them, and cover those whose account they change.
 *
 * @throws {ExecutionError} `callRejected` for a move from where no precompile is, or to an account that is overridden
 */
export function precompileMovesOf(
  overrides: Readonly<Record<Address, StateOverride>> | undefined,
  fork: Fork,
): PrecompileMoves | null {
  const moves = new Map<Address, Address | null>()
  for (const [key, { movePrecompileToAddress: to }] of Object.entries(overrides ?? {})) {
    const address = key as Address
    const isHere = isPrecompile(fork, address)
    if (to !== undefined) {
      if (!isHere) refuse(`account ${address} is not a precompile`)
      if (overrides?.[to]) refuse(`account ${to} is already overridden`)
      if (moves.has(to)) refuse(`account ${to} has already been overridden by a precompile`)
      moves.set(to, address)
    }
    if (isHere) moves.set(address, null)
  }
  return moves.size > 0 ? moves : null
}

function refuse(reason: string): never {
  throw new ExecutionError('callRejected', { code: 'badOverride', reason })
}
