import { hexToBytes } from '@keelson/protocol'
import type { MclCurve } from './mclCurve.ts'
import { FP_SIZE, FR_SIZE, G1_SIZE, G2_SIZE, GT_SIZE } from './mclModule.ts'

/** The generators, and [τ]G2 of the KZG ceremony: all of the trusted setup that verifying one evaluation takes. */
const GENERATOR_G1 = hexToBytes(
  '0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb',
)
const GENERATOR_G2 = hexToBytes(
  '0x93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e' +
    '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8',
)
const TAU_G2 = hexToBytes(
  '0xb5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
    '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2',
)
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

const COMPRESSED = 0x80
const INFINITY = 0x40
const LARGER_Y = 0x20

/** The message by which the precompile of EthereumJS knows inputs that are no points or field elements. */
function badArgument(what: string): never {
  throw new Error(`C_KZG_BADARGS: ${what}`)
}

/**
 * Gives a function that says whether the polynomial behind `commitment` has value `y` at `z`, all in hex:
 * e(C − y·G1 + z·π, G2) = e(π, [τ]G2).
 *
 * It throws `C_KZG_BADARGS`, as the precompile expects, for inputs that are no points or field elements.
 *
 * @param curve - `bls12-381`
 * @see https://eips.ethereum.org/EIPS/eip-4844#point-evaluation-precompile
 */
export function pointEvaluation(curve: MclCurve): (commitment: string, z: string, y: string, proof: string) => boolean {
  const { mcl } = curve
  const lines = 8 * mcl._mclBn_getUint64NumToPrecompute()
  const [generatorLines, tauLines] = [mcl._malloc(lines), mcl._malloc(lines)]
  const product = mcl._malloc(GT_SIZE)
  const square = mcl._malloc(2 * FP_SIZE)
  const four = square + FP_SIZE
  const left = mcl._malloc(4 * G1_SIZE + FR_SIZE)
  const [proof, term, base, scalar] = [1, 2, 3, 4].map((i) => left + i * G1_SIZE) as [number, number, number, number]
  const point = mcl._malloc(G2_SIZE)
  mcl._mclBnG1_deserialize(base, curve.put(GENERATOR_G1), GENERATOR_G1.length)
  mcl._mclBnG2_deserialize(point, curve.put(GENERATOR_G2), GENERATOR_G2.length)
  mcl._mclBn_precomputeG2(generatorLines, point)
  mcl._mclBnG2_deserialize(point, curve.put(TAU_G2), TAU_G2.length)
  mcl._mclBn_precomputeG2(tauLines, point)
  mcl._mclBnFp_setInt32(four, 4)

  /** Reads a point of 48 bytes: x, and which of the two y. */
  function readCompressed(target: number, bytes: Uint8Array): void {
    const flags = bytes[0] ?? 0
    if (bytes.length !== 48 || (flags & COMPRESSED) === 0) badArgument('not a compressed point')
    const x = new Uint8Array(64)
    x.set(bytes, 16)
    x[16] = flags & 0x1f
    if ((flags & INFINITY) !== 0) {
      if ((flags & LARGER_Y) !== 0 || x.some((byte) => byte !== 0)) badArgument('not infinity')
      mcl._mclBnG1_clear(target)
      return
    }
    const y = target + FP_SIZE
    curve.readFp(target, x, 0)
    mcl._mclBnFp_sqr(square, target)
    mcl._mclBnFp_mul(square, square, target)
    mcl._mclBnFp_add(square, square, four)
    if (mcl._mclBnFp_squareRoot(y, square) !== 0) badArgument('not on the curve')
    if ((mcl._mclBnFp_isNegative(y) === 1) !== ((flags & LARGER_Y) !== 0)) mcl._mclBnFp_neg(y, y)
    mcl._mclBnFp_setInt32(target + 2 * FP_SIZE, 1)
    if (mcl._mclBnG1_isValidOrder(target) !== 1) badArgument('not in the subgroup')
  }

  function readPoint(target: number, hex: string): void {
    try {
      readCompressed(target, hexToBytes(hex))
    } catch (cause) {
      throw new Error('C_KZG_BADARGS: not a point', { cause })
    }
  }

  /** Adds `hex` times the point to `left`. */
  function addProduct(hex: string, point: number, sign: 1 | -1): void {
    if (BigInt(hex) >= ORDER) badArgument('not a field element')
    curve.readScalar(scalar, hexToBytes(hex), 0)
    if (sign === -1) mcl._mclBnFr_neg(scalar, scalar)
    mcl._mclBnG1_mul(term, point, scalar)
    mcl._mclBnG1_add(left, left, term)
  }

  return (commitment, z, y, pi) => {
    readPoint(left, commitment)
    readPoint(proof, pi)
    addProduct(y, base, -1)
    addProduct(z, proof, 1)
    const isTrivial = mcl._mclBnG1_isZero(proof) === 1
    if (isTrivial || mcl._mclBnG1_isZero(left) === 1) return isTrivial && mcl._mclBnG1_isZero(left) === 1
    mcl._mclBnG1_neg(proof, proof)
    mcl._mclBn_precomputedMillerLoop2(product, left, generatorLines, proof, tauLines)
    mcl._mclBn_finalExp(product, product)
    return mcl._mclBnGT_isOne(product) === 1
  }
}
