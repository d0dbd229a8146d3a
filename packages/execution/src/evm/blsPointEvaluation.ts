import { hexToBytes } from '@keelson/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'

const { G1, G2, fields, pairingBatch } = { ...bls12_381, pairingBatch: bls12_381.pairingBatch }

/** [τ]G2 of the KZG ceremony: all of the trusted setup that verifying one evaluation takes. */
const TAU_G2 = G2.Point.fromHex(
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
    '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2',
)

function readScalar(hex: string): bigint {
  const value = BigInt(hex)
  if (value >= fields.Fr.ORDER) throw new Error('C_KZG_BADARGS: not a field element')
  return value
}

function readPoint(hex: string) {
  try {
    const point = G1.Point.fromBytes(hexToBytes(hex))
    if (!point.equals(G1.Point.ZERO)) point.assertValidity()
    return point
  } catch (cause) {
    throw new Error('C_KZG_BADARGS: not a point', { cause })
  }
}

/**
 * Whether the polynomial behind `commitment` has value `y` at `z`: e(C − y·G1, G2) = e(π, [τ − z]G2).
 *
 * @throws {Error} `C_KZG_BADARGS`, as the precompile expects, for inputs that are no points or field elements
 * @see https://eips.ethereum.org/EIPS/eip-4844#point-evaluation-precompile
 */
export function verifyPointEvaluation(commitment: string, z: string, y: string, proof: string): boolean {
  const at = readScalar(z)
  const value = readScalar(y)
  const c = readPoint(commitment)
  const pi = readPoint(proof)
  const left = value === 0n ? c : c.subtract(G1.Point.BASE.multiply(value))
  const right = at === 0n ? TAU_G2 : TAU_G2.subtract(G2.Point.BASE.multiply(at))
  const pairs = [
    { g1: left, g2: G2.Point.BASE },
    { g1: pi.negate(), g2: right },
  ].filter(({ g1, g2 }) => !g1.equals(G1.Point.ZERO) && !g2.equals(G2.Point.ZERO))
  return pairs.length === 0 || fields.Fp12.eql(pairingBatch(pairs), fields.Fp12.ONE)
}
