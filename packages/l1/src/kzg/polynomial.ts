import { bytesToBigint } from '@keelson/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { invert, invertAll } from './g1.ts'

/** Order of the scalar field: every field element of a blob is below it. */
export const BLS_MODULUS: bigint = bls12_381.fields.Fr.ORDER

export const FIELD_ELEMENTS_PER_BLOB = 4096
export const BYTES_PER_BLOB = 131_072

const R = BLS_MODULUS
const N = BigInt(FIELD_ELEMENTS_PER_BLOB)

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % R
    square = (square * square) % R
  }
  return result
}

const reverse12 = (index: number): number => {
  let reversed = 0
  for (let bit = 0; bit < 12; bit++) if (index & (1 << bit)) reversed |= 1 << (11 - bit)
  return reversed
}

let rootsCache: readonly bigint[] | undefined

/** The 4,096th roots of unity in the bit-reversed order of a blob's field elements. 7 generates the field. */
export function rootsOfUnity(): readonly bigint[] {
  if (rootsCache) return rootsCache
  const root = power(7n, (R - 1n) / N)
  const roots = new Array<bigint>(FIELD_ELEMENTS_PER_BLOB)
  let value = 1n
  for (let i = 0; i < FIELD_ELEMENTS_PER_BLOB; i++) {
    roots[reverse12(i)] = value
    value = (value * root) % R
  }
  rootsCache = roots
  return roots
}

/** The field elements of a blob, or `null` when its length is wrong or an element is not below the modulus. */
export function blobToElements(blob: Uint8Array): bigint[] | null {
  if (blob.length !== BYTES_PER_BLOB) return null
  const elements = new Array<bigint>(FIELD_ELEMENTS_PER_BLOB)
  for (let i = 0; i < FIELD_ELEMENTS_PER_BLOB; i++) {
    const element = bytesToBigint(blob, i * 32, i * 32 + 32)
    if (element >= R) return null
    elements[i] = element
  }
  return elements
}

const mod = (value: bigint) => {
  const rest = value % R
  return rest < 0n ? rest + R : rest
}

/**
 * The value of a blob's polynomial at `z`, and the quotient (p − y)/(X − z) as evaluations at the roots of unity.
 *
 * @see specs (consensus): deneb/polynomial-commitments.md#compute_kzg_proof_impl
 */
export function openAt(elements: readonly bigint[], z: bigint): { readonly y: bigint; readonly quotient: bigint[] } {
  const roots = rootsOfUnity()
  const hit = roots.indexOf(z)
  const inverses = roots.map((root) => mod(root - z))
  if (hit >= 0) inverses[hit] = 1n
  invertAll(inverses, R)

  let y = 0n
  if (hit >= 0) {
    y = elements[hit] as bigint
  } else {
    // p(z) = (1 − zᴺ)/N · Σ pᵢ·wᵢ/(wᵢ − z)
    for (let i = 0; i < roots.length; i++) {
      if (elements[i] !== 0n) y += (((elements[i] as bigint) * (roots[i] as bigint)) % R) * (inverses[i] as bigint)
    }
    y = mod(mod(y) * mod((1n - power(z, N)) * invert(N, R)))
  }

  const quotient = roots.map((_, i) => (i === hit ? 0n : mod(((elements[i] as bigint) - y) * (inverses[i] as bigint))))
  if (hit >= 0) {
    for (let i = 0; i < roots.length; i++) {
      if (i === hit) continue
      const root = roots[i] as bigint
      const part = mod(((elements[i] as bigint) - y) * root) * invert(mod(z * (z - root)), R)
      quotient[hit] = mod((quotient[hit] as bigint) + part)
    }
  }
  return { y, quotient }
}
