import { type AccountProof, type Address, type Hash, verifyAccountProof } from '@keelson/protocol'
import { errorText } from '@keelson/service'
import { L1Error } from './errors.ts'

/** The answer to `eth_getProof` for one slot. */
export type RpcProof = {
  readonly balance: string
  readonly nonce: string
  readonly codeHash: Hash
  readonly storageHash: Hash
  readonly accountProof: readonly `0x${string}`[]
  readonly storageProof: readonly { readonly value: string; readonly proof: readonly `0x${string}`[] }[]
}

/**
 * The word in a storage slot, proven against a state root.
 *
 * @throws {L1Error} `badProof`
 */
export function provenSlot(stateRoot: Hash, address: Address, slot: Hash, answer: RpcProof): Hash {
  const value = BigInt(answer.storageProof[0]?.value ?? 0)
  const proof: AccountProof = {
    address,
    balance: BigInt(answer.balance),
    nonce: BigInt(answer.nonce),
    codeHash: answer.codeHash,
    storageHash: answer.storageHash,
    accountProof: answer.accountProof,
    storageProof: [{ key: slot, value, proof: answer.storageProof[0]?.proof ?? [] }],
  }
  try {
    verifyAccountProof(stateRoot, proof)
  } catch (cause) {
    const reason = errorText(cause)
    throw new L1Error('badProof', { address, reason }, { cause })
  }
  return storageWord(value)
}

/** A quantity as the 32 bytes that storage holds. */
export const storageWord = (value: bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`
