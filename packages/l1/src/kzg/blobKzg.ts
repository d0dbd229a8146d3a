import { bytesToBigint, bytesToHex, concatBytes, type Hash, hexToBytes, sha256, utf8Bytes } from '@keelson/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { multiScalarMul, readPoints } from './g1.ts'
import { BLS_MODULUS, blobToElements, FIELD_ELEMENTS_PER_BLOB, openAt } from './polynomial.ts'

/** τ·G2 of the ceremony, compressed: the only point of G2 that blob proofs need. */
const TAU_G2 = hexToBytes(
  '0xb5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2',
)

const DOMAIN = concatBytes(utf8Bytes('FSBLOBVERIFY_V1_'), uint128(FIELD_ELEMENTS_PER_BLOB))

function uint128(value: number): Uint8Array {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(12, value)
  return bytes
}

/** sha256 of a commitment under the version byte 0x01 (EIP-4844). */
export function commitmentToVersionedHash(commitment: Uint8Array): Hash {
  const hash = sha256(commitment)
  hash[0] = 1
  return bytesToHex(hash)
}

/** KZG for blobs, synchronous: it takes tenths of a second for a full blob and belongs in a worker. */
export interface BlobKzg {
  /** `null` for bytes that are not a blob. */
  commit(blob: Uint8Array): Uint8Array | null
  /** The proof that goes with a blob in its transaction's sidecar, or `null` for bytes that are not a blob. */
  prove(blob: Uint8Array, commitment: Uint8Array): Uint8Array | null
  /** Whether `proof` shows that `commitment` is that of `blob`. False for bytes that are no blob or no points. */
  verify(blob: Uint8Array, commitment: Uint8Array, proof: Uint8Array): boolean
}

/** The Fiat–Shamir point at which a blob is opened. */
function challenge(blob: Uint8Array, commitment: Uint8Array): bigint {
  return bytesToBigint(sha256(concatBytes(DOMAIN, blob, commitment))) % BLS_MODULUS
}

/**
 * @param lagrangePoints - 4,096 points of 96 bytes in the order of a blob's elements (`data/g1Lagrange.bin`)
 * @see specs (consensus): deneb/polynomial-commitments.md
 */
export function createBlobKzg(lagrangePoints: Uint8Array): BlobKzg {
  let parsed: ReturnType<typeof readPoints> | undefined
  const points = () => {
    parsed ??= readPoints(lagrangePoints)
    return parsed
  }
  return {
    commit(blob) {
      const elements = blobToElements(blob)
      return elements && multiScalarMul(points(), elements)
    },
    prove(blob, commitment) {
      const elements = blobToElements(blob)
      if (!elements) return null
      return multiScalarMul(points(), openAt(elements, challenge(blob, commitment)).quotient)
    },
    verify(blob, commitment, proof) {
      const elements = blobToElements(blob)
      if (!elements) return false
      const { G1, G2 } = bls12_381
      try {
        const c = G1.Point.fromBytes(commitment)
        const q = G1.Point.fromBytes(proof)
        c.assertValidity()
        q.assertValidity()
        const z = challenge(blob, commitment)
        const { y } = openAt(elements, z)
        const times = <P extends { multiplyUnsafe(n: bigint): P }>(point: P, n: bigint) => point.multiplyUnsafe(n)
        const left = c.subtract(times(G1.Point.BASE, y))
        const right = G2.Point.fromBytes(TAU_G2).subtract(times(G2.Point.BASE, z))
        // e(C − y·G1, G2) = e(Q, τ·G2 − z·G2); pairing with infinity is one, which the library refuses to compute.
        if (left.is0() || q.is0() || right.is0()) return left.is0() && (q.is0() || right.is0())
        const product = bls12_381.pairingBatch([
          { g1: left, g2: G2.Point.BASE },
          { g1: q.negate(), g2: right },
        ])
        return bls12_381.fields.Fp12.eql(product, bls12_381.fields.Fp12.ONE)
      } catch {
        // Points that do not decode or lie outside the subgroup.
        return false
      }
    },
  }
}
