import { bytesToHex, bytesToNumber, hexToBytes, isZeroBytes, writeBigint } from './bytes.ts'
import { CodecError } from './codecError.ts'
import type { Hash, Hex } from './primitives.ts'

/**
 * A superchain protocol version, of the only type there is.
 *
 * @see specs/protocol/superchain-upgrades.md#protocol-version-format
 */
export type ProtocolVersion = {
  /** 8 bytes: who builds. */
  readonly build: Hex
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** 0: a release. */
  readonly preRelease: number
}

/**
 *   type   zeros   build   major   minor   patch   preRelease
 *   u8     7       8       u32     u32     u32     u32
 */
export function encodeProtocolVersion(version: ProtocolVersion): Hash {
  const bytes = new Uint8Array(32)
  bytes.set(hexToBytes(version.build), 8)
  for (const [i, part] of [version.major, version.minor, version.patch, version.preRelease].entries()) {
    writeBigint(bytes, 16 + 4 * i, BigInt(part), 4)
  }
  return bytesToHex(bytes)
}

/**
 * `null` for a version of another type: it cannot be compared.
 *
 * @throws {CodecError} `wrongLength` when it is not 32 bytes
 */
export function decodeProtocolVersion(encoded: Hash): ProtocolVersion | null {
  const bytes = hexToBytes(encoded)
  if (bytes.length !== 32) {
    throw new CodecError('wrongLength', { what: 'protocol version', expected: 32, actual: bytes.length })
  }
  if (!isZeroBytes(bytes, 0, 8)) return null
  return {
    build: bytesToHex(bytes.subarray(8, 16)),
    major: bytesToNumber(bytes, 16, 20),
    minor: bytesToNumber(bytes, 20, 24),
    patch: bytesToNumber(bytes, 24, 28),
    preRelease: bytesToNumber(bytes, 28, 32),
  }
}

/** Negative when `a` is older. The build plays no part; a pre-release comes before its release. */
export function compareProtocolVersions(a: ProtocolVersion, b: ProtocolVersion): number {
  const rank = (version: ProtocolVersion) => [
    version.major,
    version.minor,
    version.patch,
    version.preRelease === 0 ? Number.MAX_SAFE_INTEGER : version.preRelease,
  ]
  const [left, right] = [rank(a), rank(b)]
  for (const [i, part] of left.entries()) if (part !== right[i]) return part - (right[i] as number)
  return 0
}

/** `v1.2.3`, `v1.2.3-1+build`: the build as text when it is readable, else as hex, left out when zero. */
export function formatProtocolVersion(version: ProtocolVersion): string {
  const build = hexToBytes(version.build)
  const text = String.fromCharCode(...build).replace(/\0+$/, '')
  const shown = isZeroBytes(build) ? '' : /^[0-9A-Za-z.-]+$/.test(text) ? `+${text}` : `+${version.build}`
  const preRelease = version.preRelease === 0 ? '' : `-${version.preRelease}`
  return `v${version.major}.${version.minor}.${version.patch}${preRelease}${shown}`
}
