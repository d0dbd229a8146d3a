import { createKeccak } from 'hash-wasm'
import { bytesToHex } from './bytes.ts'
import type { Hash } from './primitives.ts'

/** WASM, instantiated once while the module loads; every call after that is synchronous. */
const hasher = await createKeccak(256)

/** keccak-256: 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary')
}

/** keccak-256 of the parts one after another, without joining them first. */
export function keccak256Parts(...parts: readonly Uint8Array[]): Uint8Array {
  hasher.init()
  for (const part of parts) hasher.update(part)
  return hasher.digest('binary')
}

/** keccak-256 as a hash string. */
export function keccak256Hex(bytes: Uint8Array): Hash {
  return bytesToHex(keccak256(bytes))
}
