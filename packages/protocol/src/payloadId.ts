import { bigintToBytes, bytesToHex, concatBytes, hexToBytes } from './bytes.ts'
import type { PayloadId } from './engineApi.ts'
import { keccak256 } from './keccak.ts'
import type { PayloadAttributes } from './payload.ts'
import type { Hash } from './primitives.ts'
import { encodeRlp } from './rlp.ts'
import { sha256 } from './sha256.ts'

/** The version of attributes, as the Engine API numbers it: 1 Bedrock, 2 Canyon, 3 from Ecotone on. */
export function attributesVersionOf(attributes: PayloadAttributes): 1 | 2 | 3 {
  if (attributes.parentBeaconBlockRoot !== undefined) return 3
  return attributes.withdrawals ? 2 : 1
}

/**
 * The id of the payload that attributes start on a parent, computed as the clients do. Different attributes give
 * different ids; nothing but that is asked of them.
 *
 * @see specs/protocol/holocene/exec-engine.md#payloadid-computation
 */
export function computePayloadId(
  parentHash: Hash,
  attributes: PayloadAttributes,
  version: number = attributesVersionOf(attributes),
): PayloadId {
  const { withdrawals, parentBeaconBlockRoot, transactions, noTxPool, gasLimit } = attributes
  const parts = [
    hexToBytes(parentHash),
    bigintToBytes(attributes.timestamp, 8),
    hexToBytes(attributes.prevRandao),
    hexToBytes(attributes.suggestedFeeRecipient),
  ]
  if (withdrawals) parts.push(encodeRlp(withdrawals.map((w) => [w.index, w.validatorIndex, w.address, w.amount])))
  if (parentBeaconBlockRoot !== undefined) parts.push(hexToBytes(parentBeaconBlockRoot))
  if (noTxPool || transactions.length > 0) {
    parts.push(Uint8Array.of(noTxPool ? 1 : 0), bigintToBytes(BigInt(transactions.length), 8))
    for (const tx of transactions) parts.push(keccak256(tx))
  }
  parts.push(bigintToBytes(gasLimit, 8))
  if (attributes.eip1559Params !== undefined) parts.push(hexToBytes(attributes.eip1559Params))
  if (attributes.minBaseFee !== undefined) parts.push(bigintToBytes(attributes.minBaseFee, 8))
  const id = sha256(concatBytes(...parts)).slice(0, 8)
  id[0] = version
  return bytesToHex(id)
}
