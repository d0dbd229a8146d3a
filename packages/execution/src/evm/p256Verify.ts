import { bytesToBigint } from '@keelson/protocol'
import type { MclCurve } from './mclCurve.ts'
import { FR_SIZE, G1_SIZE } from './mclModule.ts'

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const INPUT_BYTES = 160

/**
 * Gives a function that says whether the 160 bytes hash ‖ r ‖ s ‖ x ‖ y are a valid ECDSA signature on P-256.
 *
 * @param curve - `p-256`
 * @see https://eips.ethereum.org/EIPS/eip-7951
 */
export function p256Verify(curve: MclCurve): (input: Uint8Array) => boolean {
  const { mcl } = curve
  const memory = mcl._malloc(3 * G1_SIZE + 3 * FR_SIZE)
  const [base, key, sum] = [memory, memory + G1_SIZE, memory + 2 * G1_SIZE]
  const [hash, r, s] = [0, 1, 2].map((i) => memory + 3 * G1_SIZE + i * FR_SIZE) as [number, number, number]

  const isScalar = (value: bigint): boolean => value > 0n && value < ORDER

  return (input) => {
    if (input.length !== INPUT_BYTES) return false
    const wanted = bytesToBigint(input, 32, 64)
    if (!isScalar(wanted) || !isScalar(bytesToBigint(input, 64, 96))) return false
    try {
      curve.readG1(key, input, 96, false)
    } catch {
      return false
    }
    if (mcl._mclBnG1_isZero(key) === 1) return false
    curve.readScalar(hash, input, 0)
    curve.readScalar(r, input, 32)
    curve.readScalar(s, input, 64)
    mcl._mclBnFr_div(hash, hash, s)
    mcl._mclBnFr_div(r, r, s)
    mcl._mclBnG1_getBasePoint(base)
    mcl._mclBnG1_mulVec(sum, base, hash, 2)
    if (mcl._mclBnG1_isZero(sum) === 1) return false
    return bytesToBigint(curve.writeG1(sum), 0, 32) % ORDER === wanted
  }
}
