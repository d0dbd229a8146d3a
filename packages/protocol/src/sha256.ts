import { createSHA256 } from 'hash-wasm'

/** WASM, instantiated once while the module loads; every call after that is synchronous. */
const hasher = await createSHA256()

/** sha-256: 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary')
}
