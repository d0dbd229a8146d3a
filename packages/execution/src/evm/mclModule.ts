import createModule from 'mcl-wasm/dist/mcl_c.js'

/** Curves by mcl's numbers. */
const CURVES = { bn254: 4, 'bls12-381': 5, 'p-256': 107 } as const
export type MclCurveName = keyof typeof CURVES

/** Sizes of the element types in bytes, which mcl is compiled with: six 64-bit words a field element. */
export const FP_SIZE = 48
export const FR_SIZE = 32
export const G1_SIZE = 3 * FP_SIZE
export const G2_SIZE = 6 * FP_SIZE
export const GT_SIZE = 12 * FP_SIZE
const COMPILED_FOR = 46
/** The hash-to-curve of RFC 9380, which EIP-2537's maps are. */
const MAP_MODE_RFC9380 = 5

type Unary = (target: number, source: number) => number
type Binary = (target: number, left: number, right: number) => number
type Test = (source: number) => number
type FromBytes = (target: number, bytes: number, length: number) => number
type ToBytes = (bytes: number, maxLength: number, source: number) => number

type Group<G extends 'G1' | 'G2'> = {
  readonly [F in `_mclBn${G}_${'normalize' | 'neg'}`]: Unary
} & {
  readonly [F in `_mclBn${G}_${'add' | 'mul'}`]: Binary
} & {
  readonly [F in `_mclBn${G}_${'isValid' | 'isValidOrder' | 'isZero' | 'clear'}`]: Test
} & {
  readonly [F in `_mclBn${G}_mulVec`]: (target: number, points: number, scalars: number, count: number) => void
} & { readonly [F in `_mclBn${G}_deserialize`]: FromBytes }

/** The functions of mcl's WASM that are used here. Arguments are addresses in its memory; tests give 1 for yes. */
export type MclModule = Group<'G1'> &
  Group<'G2'> & {
    readonly wasmMemory: { readonly buffer: ArrayBuffer }
    readonly _malloc: (bytes: number) => number
    readonly _mclBn_init: (curve: number, compiledFor: number) => number
    readonly _mclBn_verifyOrderG1: (on: number) => void
    readonly _mclBn_verifyOrderG2: (on: number) => void
    readonly _mclBn_setMapToMode: (mode: number) => number
    readonly _mclBn_setETHserialization: (on: number) => void
    readonly _mclBnFp_setBigEndianMod: FromBytes
    readonly _mclBnFp_getLittleEndian: ToBytes
    readonly _mclBnFp_setInt32: (target: number, value: number) => void
    readonly _mclBnFp_add: Binary
    readonly _mclBnFp_mul: Binary
    readonly _mclBnFp_neg: Unary
    readonly _mclBnFp_sqr: Unary
    /** 0 when there is a root. */
    readonly _mclBnFp_squareRoot: Unary
    /** Whether the value is above half the modulus. */
    readonly _mclBnFp_isNegative: Test
    readonly _mclBnFp_mapToG1: Unary
    readonly _mclBnFp2_mapToG2: Unary
    readonly _mclBnFr_setBigEndianMod: FromBytes
    readonly _mclBnFr_isZero: Test
    readonly _mclBnFr_neg: Unary
    readonly _mclBnFr_div: Binary
    readonly _mclBnG1_getBasePoint: Test
    readonly _mclBn_millerLoopVec: (target: number, g1s: number, g2s: number, count: number) => void
    readonly _mclBn_getUint64NumToPrecompute: () => number
    readonly _mclBn_precomputeG2: (lines: number, g2: number) => void
    readonly _mclBn_precomputedMillerLoop2: (
      target: number,
      g1: number,
      lines: number,
      otherG1: number,
      otherLines: number,
    ) => void
    readonly _mclBn_finalExp: Unary
    readonly _mclBnGT_mul: Binary
    readonly _mclBnGT_isOne: Test
  }

/**
 * An instance of mcl in WASM, set to one curve for good: mcl keeps the curve in global variables, so that each curve
 * needs a memory of its own.
 */
export async function loadMcl(curve: MclCurveName): Promise<MclModule> {
  const mcl: MclModule = await createModule({
    // Nothing here draws random numbers.
    cryptoGetRandomValues: () => {
      throw new TypeError('mcl asks for random numbers')
    },
  })
  const error = mcl._mclBn_init(CURVES[curve], COMPILED_FOR)
  if (error !== 0) throw new TypeError(`mcl does not know the curve ${curve}: ${error}`)
  // Whether a point is in the subgroup is asked where the precompiles ask it.
  mcl._mclBn_verifyOrderG1(0)
  mcl._mclBn_verifyOrderG2(0)
  if (curve === 'bls12-381') {
    mcl._mclBn_setMapToMode(MAP_MODE_RFC9380)
    mcl._mclBn_setETHserialization(1)
  }
  return mcl
}
