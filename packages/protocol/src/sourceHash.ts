import { bytesToHex, hexToBytes, padLeft, utf8Bytes, writeBigint } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import type { Hash } from './primitives.ts'

/** What makes source hashes of different kinds of deposits differ. */
const DOMAIN = { userDeposit: 0, l1Info: 1, upgrade: 2 } as const

/** keccak256(bytes32(domain) ‖ inner). */
function inDomain(domain: number, inner: Uint8Array): Hash {
  const bytes = new Uint8Array(64)
  bytes[31] = domain
  bytes.set(padLeft(inner, 32), 32)
  return bytesToHex(keccak256(bytes))
}

/** keccak256(l1BlockHash ‖ bytes32(index)). */
function hashWithIndex(l1BlockHash: Hash, index: bigint): Uint8Array {
  const bytes = new Uint8Array(64)
  bytes.set(hexToBytes(l1BlockHash))
  writeBigint(bytes, 32, index, 32)
  return keccak256(bytes)
}

/**
 * Source hash of a user's deposit.
 *
 * @param logIndex - over all logs of the L1 block
 * @see specs/protocol/deposits.md#source-hash-computation
 */
export function userDepositSourceHash(l1BlockHash: Hash, logIndex: number | bigint): Hash {
  return inDomain(DOMAIN.userDeposit, hashWithIndex(l1BlockHash, BigInt(logIndex)))
}

/** Source hash of an L1 attributes deposit. */
export function l1InfoSourceHash(l1BlockHash: Hash, sequenceNumber: number | bigint): Hash {
  return inDomain(DOMAIN.l1Info, hashWithIndex(l1BlockHash, BigInt(sequenceNumber)))
}

/** Source hash of a network upgrade deposit; `intent` says what it is for, such as `Ecotone: L1 Block Deployment`. */
export function upgradeSourceHash(intent: string): Hash {
  return inDomain(DOMAIN.upgrade, keccak256(utf8Bytes(intent)))
}
