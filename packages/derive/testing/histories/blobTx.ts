import { type Address, bytesToBigint, encodeRlp, type Hash, keccak256, signHash } from '@keelson/protocol'
import { BATCHER_KEY } from './accounts.ts'

/** A signed blob transaction of the batcher. */
export function blobTx(to: Address, hashes: readonly Hash[], input: Uint8Array): Uint8Array {
  const fields = [1n, 0n, 1n, 2n, 21_000n, to, 0n, input, [], 3n, [...hashes]]
  const signature = signHash(keccak256(encodeRlp(fields, 3)), BATCHER_KEY)
  const r = bytesToBigint(signature, 0, 32)
  const s = bytesToBigint(signature, 32, 64)
  return encodeRlp([...fields, BigInt(signature[64] as number), r, s], 3)
}
