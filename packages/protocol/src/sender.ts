import { concatBytes, EMPTY_BYTES, writeBigint } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import type { Address } from './primitives.ts'
import { encodeRlp, rlpListHeader } from './rlp.ts'
import { isCanonicalSignature, publicKeyToAddress, recoverPublicKey } from './secp256k1.ts'
import { type SignedTx, type TxEnvelope, tryDecodeTxEnvelope } from './txEnvelope.ts'

/** What EIP-155 signs after the fields: chain id, 0, 0. */
function replaySuffix(chainId: bigint): Uint8Array {
  return concatBytes(encodeRlp(chainId), Uint8Array.of(0x80, 0x80))
}

/**
 * The hash that the sender of `tx` signed. The fields are hashed where they stand, without encoding them again.
 *
 * @param bytes - the encoding that `tx` was read from
 */
export function txSigningHash(bytes: Uint8Array, tx: SignedTx): Uint8Array {
  const fields = bytes.subarray(tx.signed.start, tx.signed.end)
  const type = tx.type === 0 ? EMPTY_BYTES : Uint8Array.of(tx.type)
  const suffix = tx.type === 0 && tx.chainId !== null ? replaySuffix(tx.chainId) : EMPTY_BYTES
  return keccak256(concatBytes(type, rlpListHeader(fields.length + suffix.length), fields, suffix))
}

/** r ‖ s, 64 bytes. */
export function signatureBytes({ r, s }: { readonly r: bigint; readonly s: bigint }): Uint8Array {
  const bytes = new Uint8Array(64)
  writeBigint(bytes, 0, r, 32)
  writeBigint(bytes, 32, s, 32)
  return bytes
}

/** The sender of a decoded transaction, or `null` when its signature is of no account. */
export function senderOf(bytes: Uint8Array, tx: TxEnvelope): Address | null {
  if (tx.type === 0x7e) return tx.deposit.from
  const { r, s, yParity } = tx.signature
  if (!isCanonicalSignature(r, s)) return null
  const publicKey = recoverPublicKey(txSigningHash(bytes, tx), signatureBytes(tx.signature), yParity)
  return publicKey && publicKeyToAddress(publicKey)
}

/** The sender of an encoded transaction, or `null` when it cannot be read or its signature is of no account. */
export function recoverSender(bytes: Uint8Array): Address | null {
  const tx = tryDecodeTxEnvelope(bytes)
  return tx && senderOf(bytes, tx)
}
