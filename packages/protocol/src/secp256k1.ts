import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToBigint, bytesToHex } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import type { Address } from './primitives.ts'

/** The curve operation that everything here rests on; exchangeable, because native code is some 20 times faster. */
export type Secp256k1 = {
  /**
   * @param hash - 32 bytes
   * @param signature - 64 bytes, r ‖ s
   * @param recovery - parity of R's y
   * @returns 64 bytes, x ‖ y, or `null` when there is no such key
   */
  recoverPublicKey(hash: Uint8Array, signature: Uint8Array, recovery: 0 | 1): Uint8Array | null
  /** Deterministic (RFC 6979) with low s. */
  sign(hash: Uint8Array, privateKey: Uint8Array): { readonly signature: Uint8Array; readonly recovery: 0 | 1 }
}

const noble: Secp256k1 = {
  recoverPublicKey(hash, signature, recovery) {
    try {
      const point = secp256k1.Signature.fromBytes(signature, 'compact').addRecoveryBit(recovery).recoverPublicKey(hash)
      return point.toBytes(false).subarray(1)
    } catch {
      return null
    }
  },
  sign(hash, privateKey) {
    const bytes = secp256k1.sign(hash, privateKey, { prehash: false, format: 'recovered', lowS: true })
    return { signature: bytes.slice(1), recovery: bytes[0] === 1 ? 1 : 0 }
  },
}

let active: Secp256k1 = noble

/** Exchanges the curve implementation for the whole process; `null` goes back to the one in JavaScript. */
export function setSecp256k1(implementation: Secp256k1 | null): void {
  active = implementation ?? noble
}

/** Order of the group. */
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const HALF_N = N >> 1n

/** Recovers a public key with the implementation in force. 64 bytes, or `null`. */
export function recoverPublicKey(hash: Uint8Array, signature: Uint8Array, recovery: 0 | 1): Uint8Array | null {
  return active.recoverPublicKey(hash, signature, recovery)
}

/** Whether r and s are in [1, n) and s in the lower half (EIP-2). */
export function isCanonicalSignature(r: bigint, s: bigint): boolean {
  return r > 0n && r < N && s > 0n && s <= HALF_N
}

/** The account of a public key of 64 bytes. */
export function publicKeyToAddress(publicKey: Uint8Array): Address {
  return bytesToHex(keccak256(publicKey).subarray(12))
}

/**
 * The account that signed `hash`, or `null` when the signature is of no key. A high s is accepted.
 *
 * @param signature - r ‖ s; what follows is not looked at
 */
export function recoverAddress(hash: Uint8Array, signature: Uint8Array, recovery: 0 | 1): Address | null {
  if (signature.length < 64) return null
  const r = bytesToBigint(signature, 0, 32)
  const s = bytesToBigint(signature, 32, 64)
  if (r === 0n || r >= N || s === 0n || s >= N) return null
  const publicKey = active.recoverPublicKey(hash, signature.subarray(0, 64), recovery)
  return publicKey && publicKeyToAddress(publicKey)
}

/** Signs a 32-byte hash: r ‖ s ‖ recovery bit, 65 bytes. */
export function signHash(hash: Uint8Array, privateKey: Uint8Array): Uint8Array {
  const { signature, recovery } = active.sign(hash, privateKey)
  const bytes = new Uint8Array(65)
  bytes.set(signature)
  bytes[64] = recovery
  return bytes
}

/** The account of a private key of 32 bytes. */
export function privateKeyToAddress(privateKey: Uint8Array): Address {
  return publicKeyToAddress(secp256k1.getPublicKey(privateKey, false).subarray(1))
}
