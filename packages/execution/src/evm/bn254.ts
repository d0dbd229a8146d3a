import { type EVMBN254Interface, EVMError } from '@ethereumjs/evm'
import { bytesToBigint, bytesToHex, concatBytes, writeBigint } from '@keelson/protocol'
import { bn254 } from '@noble/curves/bn254.js'

const { G1, G2, fields } = bn254
const { Fp, Fp12, Fr } = fields

type G1Point = typeof G1.Point.BASE
type G2Point = typeof G2.Point.BASE

const G1_BYTES = 64
const G2_BYTES = 128
const PAIR_BYTES = 192
const YES = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0))
const NO = new Uint8Array(32)
const INFINITY = new Uint8Array(G1_BYTES)

function refuse(): never {
  throw new EVMError(EVMError.errorMessages.BN254_FP_NOT_IN_FIELD)
}

function coordinate(input: Uint8Array, at: number): bigint {
  const value = bytesToBigint(input, at, at + 32)
  return value < Fp.ORDER ? value : refuse()
}

function readG1(input: Uint8Array, at: number): G1Point {
  const x = coordinate(input, at)
  const y = coordinate(input, at + 32)
  if (x === 0n && y === 0n) return G1.Point.ZERO
  const point = G1.Point.fromAffine({ x, y })
  point.assertValidity()
  return point
}

/** The imaginary parts come first. */
function readG2(input: Uint8Array, at: number): G2Point {
  const [x1, x0, y1, y0] = [0, 32, 64, 96].map((offset) => coordinate(input, at + offset)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  if (x0 === 0n && x1 === 0n && y0 === 0n && y1 === 0n) return G2.Point.ZERO
  const point = G2.Point.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } })
  point.assertValidity()
  return point
}

type MillerPair = Parameters<typeof bn254.millerLoopBatch>[0][number]
type Lines = MillerPair[0]

/**
 * Lines of the Miller loop by G2 point; `null` for infinity. Verifier contracts use the same few points of their keys
 * again and again, and checking and preparing one takes as long as the pairing itself.
 */
const preparedLines = new Map<string, Lines | null>()
const MAX_PREPARED = 256

function linesOf(input: Uint8Array, at: number): Lines | null {
  const key = bytesToHex(input.subarray(at, at + G2_BYTES))
  const known = preparedLines.get(key)
  if (known !== undefined) return known
  const point = readG2(input, at)
  const lines = point.equals(G2.Point.ZERO) ? null : bn254.utils.calcPairingPrecomputes(point)
  if (preparedLines.size >= MAX_PREPARED) preparedLines.delete(preparedLines.keys().next().value as string)
  preparedLines.set(key, lines)
  return lines
}

function writeG1(point: G1Point): Uint8Array {
  if (point.equals(G1.Point.ZERO)) return INFINITY.slice()
  const { x, y } = point.toAffine()
  const bytes = new Uint8Array(G1_BYTES)
  writeBigint(bytes, 0, x, 32)
  writeBigint(bytes, 32, y, 32)
  return bytes
}

/** Missing input counts as zeros. */
const padded = (input: Uint8Array, length: number): Uint8Array =>
  input.length >= length ? input : concatBytes(input, new Uint8Array(length - input.length))

/**
 * The alt_bn128 precompiles (EIP-196, 197). Nothing here is secret, so multiplication need not take constant time,
 * which makes it several times faster than EthereumJS's.
 */
export const bn254Precompiles: EVMBN254Interface = {
  add(input) {
    const bytes = padded(input, 128)
    return writeG1(readG1(bytes, 0).add(readG1(bytes, G1_BYTES)))
  },
  mul(input) {
    const bytes = padded(input, 96)
    const point = readG1(bytes, 0)
    const scalar = bytesToBigint(bytes, G1_BYTES, 96) % Fr.ORDER
    return scalar === 0n ? INFINITY.slice() : writeG1(point.multiplyUnsafe(scalar))
  },
  pairing(input) {
    const pairs: MillerPair[] = []
    for (let at = 0; at < input.length; at += PAIR_BYTES) {
      const g1 = readG1(input, at)
      const lines = linesOf(input, at + G1_BYTES)
      if (lines === null || g1.equals(G1.Point.ZERO)) continue
      const { x, y } = g1.toAffine()
      pairs.push([lines, x, y])
    }
    return pairs.length === 0 || Fp12.eql(Fp12.finalExponentiate(bn254.millerLoopBatch(pairs)), Fp12.ONE)
      ? YES.slice()
      : NO.slice()
  },
}
