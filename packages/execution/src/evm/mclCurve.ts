import { EVMError } from '@ethereumjs/evm'
import { bigintToBytes, compareBytes, isZeroBytes } from '@keelson/protocol'
import { FP_SIZE, FR_SIZE, G1_SIZE, G2_SIZE, GT_SIZE, loadMcl, type MclCurveName, type MclModule } from './mclModule.ts'

/** Pairs whose Miller loops run together. */
const PAIRS_AT_ONCE = 32

/** How a precompile writes the numbers of a curve. */
type CurveEncoding = {
  readonly modulus: bigint
  /** Bytes of a field element's number, and of its place; the number stands at the end of it. */
  readonly fieldBytes: number
  readonly fieldSlot: number
  /** Which part of an element of the quadratic field comes first. */
  readonly first: 'real' | 'imaginary'
}

const ENCODINGS: Readonly<Record<MclCurveName, CurveEncoding>> = {
  bn254: {
    modulus: 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n,
    fieldBytes: 32,
    fieldSlot: 32,
    first: 'imaginary',
  },
  'bls12-381': {
    modulus: 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn,
    fieldBytes: 48,
    fieldSlot: 64,
    first: 'real',
  },
  'p-256': {
    modulus: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    fieldBytes: 32,
    fieldSlot: 32,
    first: 'real',
  },
}

/** Refuses the input of a precompile, which costs the caller all gas of the call. */
export function refuseInput(): never {
  throw new EVMError(EVMError.errorMessages.INVALID_INPUTS)
}

/**
 * A curve in WASM as the precompiles use it: points come from input bytes into the memory of {@link mcl}, by address,
 * and go back as bytes. Memory is given out anew by each {@link take} and holds until the next one.
 */
export class MclCurve {
  readonly mcl: MclModule
  readonly encoding: CurveEncoding
  readonly g1Bytes: number
  readonly g2Bytes: number
  readonly #modulus: Uint8Array
  readonly #scratch: number
  readonly #products: number
  #memory: Uint8Array
  #area: number
  #areaSize = 16_384

  private constructor(mcl: MclModule, encoding: CurveEncoding) {
    this.mcl = mcl
    this.encoding = encoding
    this.g1Bytes = 2 * encoding.fieldSlot
    this.g2Bytes = 4 * encoding.fieldSlot
    this.#modulus = bigintToBytes(encoding.modulus, encoding.fieldBytes)
    this.#memory = new Uint8Array(mcl.wasmMemory.buffer)
    this.#scratch = mcl._malloc(G2_SIZE)
    this.#products = mcl._malloc(2 * GT_SIZE)
    this.#area = mcl._malloc(this.#areaSize)
  }

  static async load(name: MclCurveName): Promise<MclCurve> {
    return new MclCurve(await loadMcl(name), ENCODINGS[name])
  }

  /** The address of `bytes` bytes, of which nothing is known. */
  take(bytes: number): number {
    if (bytes > this.#areaSize) {
      // Never given back: calls of this size come again.
      this.#area = this.mcl._malloc(bytes)
      this.#areaSize = bytes
    }
    return this.#area
  }

  /** Memory as it is now: growing detaches the buffer. */
  get #bytes(): Uint8Array {
    if (this.#memory.length === 0) this.#memory = new Uint8Array(this.mcl.wasmMemory.buffer)
    return this.#memory
  }

  /** Puts bytes in memory for a function that reads them before anything else happens. */
  put(bytes: Uint8Array): number {
    this.#bytes.set(bytes, this.#scratch)
    return this.#scratch
  }

  /** Reads a big-endian number as a field element; one not below the modulus is refused. */
  readFp(target: number, input: Uint8Array, at: number): void {
    const { fieldBytes, fieldSlot } = this.encoding
    const number = input.subarray(at + fieldSlot - fieldBytes, at + fieldSlot)
    if (compareBytes(number, this.#modulus) >= 0) refuseInput()
    this.mcl._mclBnFp_setBigEndianMod(target, this.put(number), fieldBytes)
  }

  readFp2(target: number, input: Uint8Array, at: number): void {
    const { fieldSlot, first } = this.encoding
    const [real, imaginary] = first === 'real' ? [at, at + fieldSlot] : [at + fieldSlot, at]
    this.readFp(target, input, real)
    this.readFp(target + FP_SIZE, input, imaginary)
  }

  /** Reads 32 bytes as a scalar, modulo the order of the group. */
  readScalar(target: number, input: Uint8Array, at: number): void {
    this.mcl._mclBnFr_setBigEndianMod(target, this.put(input.subarray(at, at + FR_SIZE)), FR_SIZE)
  }

  /** Reads an affine point; zeros are infinity. One that is not on the curve (or not in the subgroup) is refused. */
  readG1(target: number, input: Uint8Array, at: number, inSubgroup: boolean): void {
    const { mcl } = this
    if (isZeroBytes(input, at, at + this.g1Bytes)) {
      mcl._mclBnG1_clear(target)
      return
    }
    this.readFp(target, input, at)
    this.readFp(target + FP_SIZE, input, at + this.encoding.fieldSlot)
    mcl._mclBnFp_setInt32(target + 2 * FP_SIZE, 1)
    if (mcl._mclBnG1_isValid(target) !== 1) refuseInput()
    if (inSubgroup && mcl._mclBnG1_isValidOrder(target) !== 1) refuseInput()
  }

  /** Like {@link readG1}, on the twist. */
  readG2(target: number, input: Uint8Array, at: number, inSubgroup: boolean): void {
    const { mcl } = this
    if (isZeroBytes(input, at, at + this.g2Bytes)) {
      mcl._mclBnG2_clear(target)
      return
    }
    this.readFp2(target, input, at)
    this.readFp2(target + 2 * FP_SIZE, input, at + 2 * this.encoding.fieldSlot)
    mcl._mclBnFp_setInt32(target + 4 * FP_SIZE, 1)
    mcl._mclBnFp_setInt32(target + 5 * FP_SIZE, 0)
    if (mcl._mclBnG2_isValid(target) !== 1) refuseInput()
    if (inSubgroup && mcl._mclBnG2_isValidOrder(target) !== 1) refuseInput()
  }

  writeG1(point: number): Uint8Array {
    const { mcl, encoding } = this
    const out = new Uint8Array(this.g1Bytes)
    if (mcl._mclBnG1_isZero(point) === 1) return out
    mcl._mclBnG1_normalize(point, point)
    this.writeFp(out, 0, point)
    this.writeFp(out, encoding.fieldSlot, point + FP_SIZE)
    return out
  }

  writeG2(point: number): Uint8Array {
    const { mcl, encoding } = this
    const out = new Uint8Array(this.g2Bytes)
    if (mcl._mclBnG2_isZero(point) === 1) return out
    mcl._mclBnG2_normalize(point, point)
    // Only BLS12-381 gives points of the twist back: real parts first.
    for (let i = 0; i < 4; i++) this.writeFp(out, i * encoding.fieldSlot, point + i * FP_SIZE)
    return out
  }

  /** Writes a field element, big-endian, to its place in `out`. */
  writeFp(out: Uint8Array, at: number, source: number): void {
    const end = at + this.encoding.fieldSlot
    const length = this.mcl._mclBnFp_getLittleEndian(this.#scratch, FP_SIZE, source)
    const bytes = this.#bytes
    for (let i = 0; i < length; i++) out[end - 1 - i] = bytes[this.#scratch + i] as number
  }

  /**
   * Whether the product of pairings is one.
   *
   * @param read - reads pair `i` to two addresses
   */
  productIsOne(count: number, read: (i: number, g1: number, g2: number) => void): boolean {
    const { mcl } = this
    const g1s = this.take(PAIRS_AT_ONCE * (G1_SIZE + G2_SIZE))
    const g2s = g1s + PAIRS_AT_ONCE * G1_SIZE
    const [product, factor] = [this.#products, this.#products + GT_SIZE]
    let waiting = 0
    let started = false
    const multiply = () => {
      if (waiting === 0) return
      mcl._mclBn_millerLoopVec(started ? factor : product, g1s, g2s, waiting)
      if (started) mcl._mclBnGT_mul(product, product, factor)
      started = true
      waiting = 0
    }
    for (let i = 0; i < count; i++) {
      const [g1, g2] = [g1s + waiting * G1_SIZE, g2s + waiting * G2_SIZE]
      read(i, g1, g2)
      // With infinity on either side the factor is one.
      if (mcl._mclBnG1_isZero(g1) === 1 || mcl._mclBnG2_isZero(g2) === 1) continue
      waiting++
      if (waiting === PAIRS_AT_ONCE) multiply()
    }
    multiply()
    if (!started) return true
    mcl._mclBn_finalExp(product, product)
    return mcl._mclBnGT_isOne(product) === 1
  }
}
