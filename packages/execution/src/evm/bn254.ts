import type { EVMBN254Interface } from '@ethereumjs/evm'
import { concatBytes } from '@keelson/protocol'
import type { MclCurve } from './mclCurve.ts'
import { FR_SIZE, G1_SIZE } from './mclModule.ts'

const G1_BYTES = 64
const PAIR_BYTES = 192

/** Missing input counts as zeros. */
const padded = (input: Uint8Array, length: number): Uint8Array =>
  input.length >= length ? input : concatBytes(input, new Uint8Array(length - input.length))

/** A word that says yes or no. */
export const truthWord = (truth: boolean): Uint8Array => {
  const word = new Uint8Array(32)
  if (truth) word[31] = 1
  return word
}

/**
 * The alt_bn128 precompiles (EIP-196, 197) on mcl's `bn254`. Throws for points that are none.
 *
 * All of G1 is the subgroup; points of G2 are looked at.
 */
export function bn254Precompiles(curve: MclCurve): EVMBN254Interface {
  const { mcl } = curve
  return {
    add(input) {
      const bytes = padded(input, 2 * G1_BYTES)
      const sum = curve.take(2 * G1_SIZE)
      curve.readG1(sum, bytes, 0, false)
      curve.readG1(sum + G1_SIZE, bytes, G1_BYTES, false)
      mcl._mclBnG1_add(sum, sum, sum + G1_SIZE)
      return curve.writeG1(sum)
    },
    mul(input) {
      const bytes = padded(input, G1_BYTES + FR_SIZE)
      const point = curve.take(G1_SIZE + FR_SIZE)
      curve.readG1(point, bytes, 0, false)
      curve.readScalar(point + G1_SIZE, bytes, G1_BYTES)
      mcl._mclBnG1_mul(point, point, point + G1_SIZE)
      return curve.writeG1(point)
    },
    pairing(input) {
      return truthWord(
        curve.productIsOne(input.length / PAIR_BYTES, (i, g1, g2) => {
          curve.readG1(g1, input, i * PAIR_BYTES, false)
          curve.readG2(g2, input, i * PAIR_BYTES + G1_BYTES, true)
        }),
      )
    },
  }
}
