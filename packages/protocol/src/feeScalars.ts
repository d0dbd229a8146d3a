import { bytesToHex, bytesToNumber, hexToBytes, isZeroBytes, writeBigint } from './bytes.ts'
import { CodecError } from './codecError.ts'
import type { Hash } from './primitives.ts'

/** The two L1 fee scalars of Ecotone, each u32. */
export type EcotoneScalars = { readonly baseFeeScalar: number; readonly blobBaseFeeScalar: number }

const MAX_UINT32 = 0xffff_ffff

/**
 * Whether a scalar word is one that Ecotone accepts: version 0 or 1, its padding zero.
 *
 * @see specs/protocol/system-config.md#post-ecotone-scalar-encoding
 */
export function isValidEcotoneScalar(scalar: Uint8Array): boolean {
  if (scalar.length !== 32) return false
  if (scalar[0] === 0) return isZeroBytes(scalar, 1, 28)
  return scalar[0] === 1 && isZeroBytes(scalar, 1, 24)
}

/**
 * Reads the versioned scalar of the system config.
 *
 *   version   zeros           blobBaseFeeScalar (version 1)   baseFeeScalar
 *   byte 0    1…24 (1…28)     24…28                           28…32
 *
 * A version 0 with other bytes in the padding gives the largest base fee scalar, as the clients have it.
 *
 * @throws {CodecError} `badL1Info` for another version, or version 1 with padding that is not zero
 */
export function decodeEcotoneScalars(scalar: Hash): EcotoneScalars {
  const bytes = hexToBytes(scalar)
  if (isValidEcotoneScalar(bytes)) {
    return { baseFeeScalar: bytesToNumber(bytes, 28, 32), blobBaseFeeScalar: bytesToNumber(bytes, 24, 28) }
  }
  if (bytes[0] === 0) return { baseFeeScalar: MAX_UINT32, blobBaseFeeScalar: 0 }
  throw new CodecError('badL1Info', { reason: `scalar ${scalar}` })
}

/** The version 1 encoding of both scalars. */
export function encodeEcotoneScalars({ baseFeeScalar, blobBaseFeeScalar }: EcotoneScalars): Hash {
  const bytes = new Uint8Array(32)
  bytes[0] = 1
  writeBigint(bytes, 24, BigInt(blobBaseFeeScalar), 4)
  writeBigint(bytes, 28, BigInt(baseFeeScalar), 4)
  return bytesToHex(bytes)
}

/** The operator fee of Isthmus: scalar u32, constant u64. */
export type OperatorFeeParams = { readonly scalar: number; readonly constant: bigint }

/** 20 zero bytes ‖ scalar u32 ‖ constant u64. */
export function encodeOperatorFeeParams({ scalar, constant }: OperatorFeeParams): Hash {
  const bytes = new Uint8Array(32)
  writeBigint(bytes, 20, BigInt(scalar), 4)
  writeBigint(bytes, 24, constant, 8)
  return bytesToHex(bytes)
}

/** Reads the low 12 bytes of the word. */
export function decodeOperatorFeeParams(params: Hash): OperatorFeeParams {
  const bytes = hexToBytes(params)
  if (bytes.length !== 32) {
    throw new CodecError('wrongLength', { what: 'operator fee parameters', expected: 32, actual: bytes.length })
  }
  return { scalar: bytesToNumber(bytes, 20, 24), constant: BigInt(`0x${params.slice(50)}`) }
}
