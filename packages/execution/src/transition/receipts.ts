import { encodeRlp, hexToBytes, keccak256, type RlpInput } from '@keelson/protocol'
import type { Receipt, ReceiptLog } from './types.ts'

/** A bloom without a bit set; shared, so not to be written to. */
const EMPTY_BLOOM: Uint8Array = new Uint8Array(256)

function addBits(bloom: Uint8Array, value: Uint8Array): void {
  const hash = keccak256(value)
  for (let i = 0; i < 6; i += 2) {
    const bit = (((hash[i] as number) << 8) | (hash[i + 1] as number)) & 2047
    const at = 255 - (bit >> 3)
    bloom[at] = (bloom[at] as number) | (1 << (bit & 7))
  }
}

/** Bloom filter over the addresses and topics of logs: 256 bytes. */
export function bloomOf(logs: readonly ReceiptLog[]): Uint8Array {
  if (logs.length === 0) return EMPTY_BLOOM
  const bloom = new Uint8Array(256)
  for (const { address, topics } of logs) {
    addBits(bloom, hexToBytes(address))
    for (const topic of topics) addBits(bloom, hexToBytes(topic))
  }
  return bloom
}

/** The bits of all blooms. */
export function joinBlooms(blooms: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(256)
  for (const bloom of blooms) {
    if (bloom === EMPTY_BLOOM) continue
    for (let i = 0; i < 256; i++) all[i] = (all[i] as number) | (bloom[i] as number)
  }
  return all
}

/**
 * A receipt as the receipts root commits to it.
 *
 * A deposit's nonce counts from Canyon only, which shows in `depositReceiptVersion`: between Regolith and Canyon the
 * receipt has the nonce and the root leaves it out.
 *
 * @see specs/protocol/deposits.md#deposit-receipt
 */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { type, status, cumulativeGasUsed, logsBloom, logs, depositNonce, depositReceiptVersion } = receipt
  const fields: RlpInput[] = [
    status,
    cumulativeGasUsed,
    logsBloom,
    logs.map(({ address, topics, data }) => [address, topics, data]),
  ]
  if (depositReceiptVersion !== undefined) fields.push(depositNonce ?? 0n, depositReceiptVersion)
  return encodeRlp(fields, type === 0 ? undefined : type)
}
