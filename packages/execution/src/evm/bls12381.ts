import type { EVMBLSInterface } from '@ethereumjs/evm'
import { truthWord } from './bn254.ts'
import type { MclCurve } from './mclCurve.ts'
import { FP_SIZE, FR_SIZE, G1_SIZE, G2_SIZE } from './mclModule.ts'

const G1_BYTES = 128
const G2_BYTES = 256
const SCALAR_BYTES = 32
const PAIR_BYTES = G1_BYTES + G2_BYTES

/**
 * The BLS12-381 precompiles (EIP-2537) on mcl's `bls12-381`. Lengths and padding are checked by EthereumJS; throws for
 * points that are none, or not in the subgroup where they must be.
 */
export function bls12381Precompiles(curve: MclCurve): EVMBLSInterface {
  const { mcl } = curve
  return {
    addG1(input) {
      const sum = curve.take(2 * G1_SIZE)
      curve.readG1(sum, input, 0, false)
      curve.readG1(sum + G1_SIZE, input, G1_BYTES, false)
      mcl._mclBnG1_add(sum, sum, sum + G1_SIZE)
      return curve.writeG1(sum)
    },
    addG2(input) {
      const sum = curve.take(2 * G2_SIZE)
      curve.readG2(sum, input, 0, false)
      curve.readG2(sum + G2_SIZE, input, G2_BYTES, false)
      mcl._mclBnG2_add(sum, sum, sum + G2_SIZE)
      return curve.writeG2(sum)
    },
    msmG1(input) {
      const count = input.length / (G1_BYTES + SCALAR_BYTES)
      const sum = curve.take(G1_SIZE + count * (G1_SIZE + FR_SIZE))
      const points = sum + G1_SIZE
      const scalars = points + count * G1_SIZE
      for (let i = 0, at = 0; i < count; i++, at += G1_BYTES + SCALAR_BYTES) {
        curve.readG1(points + i * G1_SIZE, input, at, true)
        curve.readScalar(scalars + i * FR_SIZE, input, at + G1_BYTES)
      }
      mcl._mclBnG1_mulVec(sum, points, scalars, count)
      return curve.writeG1(sum)
    },
    msmG2(input) {
      const count = input.length / (G2_BYTES + SCALAR_BYTES)
      const sum = curve.take(G2_SIZE + count * (G2_SIZE + FR_SIZE))
      const points = sum + G2_SIZE
      const scalars = points + count * G2_SIZE
      for (let i = 0, at = 0; i < count; i++, at += G2_BYTES + SCALAR_BYTES) {
        curve.readG2(points + i * G2_SIZE, input, at, true)
        curve.readScalar(scalars + i * FR_SIZE, input, at + G2_BYTES)
      }
      mcl._mclBnG2_mulVec(sum, points, scalars, count)
      return curve.writeG2(sum)
    },
    pairingCheck(input) {
      return truthWord(
        curve.productIsOne(input.length / PAIR_BYTES, (i, g1, g2) => {
          curve.readG1(g1, input, i * PAIR_BYTES, true)
          curve.readG2(g2, input, i * PAIR_BYTES + G1_BYTES, true)
        }),
      )
    },
    mapFPtoG1(input) {
      const point = curve.take(G1_SIZE + FP_SIZE)
      curve.readFp(point + G1_SIZE, input, 0)
      mcl._mclBnFp_mapToG1(point, point + G1_SIZE)
      return curve.writeG1(point)
    },
    mapFP2toG2(input) {
      const point = curve.take(G2_SIZE + 2 * FP_SIZE)
      curve.readFp2(point + G2_SIZE, input, 0)
      mcl._mclBnFp2_mapToG2(point, point + G2_SIZE)
      return curve.writeG2(point)
    },
  }
}
