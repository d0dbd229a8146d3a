import { bytesToBigint, bytesToHex, bytesToNumber, concatBytes, hexToBytes, writeBigint } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { keccak256 } from './keccak.ts'
import type { Log } from './l1Types.ts'
import type { Address, Hash, Hex } from './primitives.ts'

/** A withdrawal as the message passer records it and the portal on L1 proves it. */
export type WithdrawalMessage = {
  readonly nonce: bigint
  readonly sender: Address
  readonly target: Address
  readonly value: bigint
  readonly gasLimit: bigint
  readonly data: Hex
}

/** keccak256 of `MessagePassed(uint256,address,address,uint256,uint256,bytes,bytes32)`. */
export const MESSAGE_PASSED_EVENT_TOPIC: Hash = '0x02a52367d10742d8032712c1bb8e0144ff1ec5ffda1ed7d70bb05a2744955054'

const wordOf = (address: Address) => concatBytes(new Uint8Array(12), hexToBytes(address))

/** keccak256 of the ABI encoding of the six fields. */
export function withdrawalHash(message: WithdrawalMessage): Hash {
  const data = hexToBytes(message.data)
  const bytes = new Uint8Array(7 * 32 + Math.ceil(data.length / 32) * 32)
  writeBigint(bytes, 0, message.nonce, 32)
  bytes.set(wordOf(message.sender), 32)
  bytes.set(wordOf(message.target), 64)
  writeBigint(bytes, 96, message.value, 32)
  writeBigint(bytes, 128, message.gasLimit, 32)
  writeBigint(bytes, 160, 192n, 32)
  writeBigint(bytes, 192, BigInt(data.length), 32)
  bytes.set(data, 224)
  return bytesToHex(keccak256(bytes))
}

/** The message passer's storage slot in which a withdrawal is marked as sent: keccak256(hash ‖ bytes32(0)). */
export function withdrawalStorageSlot(hash: Hash): Hash {
  return bytesToHex(keccak256(concatBytes(hexToBytes(hash), new Uint8Array(32))))
}

/**
 * Reads a `MessagePassed` log of the message passer, with the hash that the contract gave it.
 *
 * @throws {CodecError} `badTransaction` when it is no such log
 */
export function decodeMessagePassedLog(log: Log): WithdrawalMessage & { readonly withdrawalHash: Hash } {
  const [event, nonce, sender, target] = log.topics
  const bytes = hexToBytes(log.data)
  if (event !== MESSAGE_PASSED_EVENT_TOPIC || !nonce || !sender || !target || bytes.length < 160) {
    throw new CodecError('badTransaction', { reason: 'no MessagePassed log' })
  }
  const start = bytesToNumber(bytes, 90, 96)
  const length = bytesToNumber(bytes, start + 26, start + 32)
  if (start + 32 + length > bytes.length)
    throw new CodecError('badTransaction', { reason: 'MessagePassed data is cut short' })
  return {
    nonce: BigInt(nonce),
    sender: `0x${sender.slice(26)}`,
    target: `0x${target.slice(26)}`,
    value: bytesToBigint(bytes, 0, 32),
    gasLimit: bytesToBigint(bytes, 32, 64),
    data: bytesToHex(bytes.subarray(start + 32, start + 32 + length)),
    withdrawalHash: bytesToHex(bytes.subarray(96, 128)),
  }
}
