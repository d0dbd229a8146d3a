import { type Address, concatBytes, hexToBytes, ZERO_ADDRESS } from '@keelson/protocol'
import { EMPTY_CODE_HASH } from '../state/accountCodec.ts'
import type { JournaledState } from '../state/journaledState.ts'
import { AUTHORIZATION_REFUND } from './intrinsicGas.ts'
import type { Authorization } from './types.ts'

/** What the code of a delegated account begins with (EIP-7702). */
const DELEGATION_PREFIX = Uint8Array.of(0xef, 0x01, 0x00)
const MAX_NONCE = 0xffff_ffff_ffff_ffffn

/** Whether code is a delegation: 0xef0100 ‖ address. */
export function isDelegation(code: Uint8Array): boolean {
  return code.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00
}

/**
 * Carries out the authorisations of a type 4 transaction, in order. One that does not hold is passed over. The
 * sender's nonce is raised already.
 *
 * @returns refund for accounts that were there already, and the authorities, which are warm
 */
export function applyAuthorizations(
  state: JournaledState,
  chainId: bigint,
  authorizations: readonly Authorization[],
): { readonly refund: bigint; readonly authorities: readonly Address[] } {
  let refund = 0n
  const authorities: Address[] = []
  for (const { chainId: onlyOn, address, nonce, authority } of authorizations) {
    if ((onlyOn !== 0n && onlyOn !== chainId) || nonce >= MAX_NONCE || authority === null) continue
    authorities.push(authority)
    const account = state.getAccount(authority)
    if (account && account.codeHash !== EMPTY_CODE_HASH && !isDelegation(state.getCode(authority))) continue
    if ((account?.nonce ?? 0n) !== nonce) continue
    if (account) refund += AUTHORIZATION_REFUND
    state.putCode(
      authority,
      address === ZERO_ADDRESS ? new Uint8Array(0) : concatBytes(DELEGATION_PREFIX, hexToBytes(address)),
    )
    state.putAccount(authority, { ...state.accountOrEmpty(authority), nonce: nonce + 1n })
  }
  return { refund, authorities }
}
