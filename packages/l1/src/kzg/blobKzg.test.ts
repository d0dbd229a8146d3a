import { readFileSync } from 'node:fs'
import { bytesToHex, type Hash, hexToBytes } from '@keelson/protocol'
import { fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { createBlobCrypto } from '#blobCrypto'
import { commitmentToVersionedHash, createBlobKzg } from './blobKzg.ts'
import { BLS_MODULUS, openAt, rootsOfUnity } from './polynomial.ts'

type Sidecar = { blob: string; kzg_commitment: string; kzg_proof: string }
type SidecarFixture = {
  input: { blobSidecars: { data: Sidecar[] } | Sidecar[] }
  expected: { blobs: { versionedHash: Hash }[] }
}

const kzg = createBlobKzg(readFileSync(new URL('../../data/g1Lagrange.bin', import.meta.url)))
const hasFixtures = fixtureFolder() !== null

function goerliSidecars() {
  const { input, expected } = readFixture<SidecarFixture>('derivation/beacon-blob-sidecars-goerli-7422094.json.gz')
  const list = Array.isArray(input.blobSidecars) ? input.blobSidecars : input.blobSidecars.data
  return list.map((sidecar, i) => ({
    blob: hexToBytes(sidecar.blob),
    commitment: hexToBytes(sidecar.kzg_commitment),
    proof: hexToBytes(sidecar.kzg_proof),
    hash: expected.blobs[i]?.versionedHash,
  }))
}

describe('blob KZG', () => {
  it.skipIf(!hasFixtures)('[DER-041] gives the commitments, proofs and versioned hashes of real blobs', () => {
    for (const { blob, commitment, proof, hash } of goerliSidecars().slice(0, 2)) {
      expect(bytesToHex(kzg.commit(blob) ?? new Uint8Array())).toBe(bytesToHex(commitment))
      expect(bytesToHex(kzg.prove(blob, commitment) ?? new Uint8Array())).toBe(bytesToHex(proof))
      expect(commitmentToVersionedHash(commitment)).toBe(hash)
    }
  })

  it.skipIf(!hasFixtures)('[DER-041] refuses a proof of another blob, a changed blob and points off the curve', () => {
    const [first, second] = goerliSidecars()
    if (!first || !second) throw new Error('the fixture has fewer blobs than expected')
    expect(kzg.verify(first.blob, first.commitment, first.proof)).toBe(true)
    expect(kzg.verify(first.blob, first.commitment, second.proof)).toBe(false)
    const changed = first.blob.slice()
    changed[31] = (changed[31] as number) ^ 1
    expect(kzg.verify(changed, first.commitment, first.proof)).toBe(false)
    expect(kzg.verify(first.blob, new Uint8Array(48).fill(0xff), first.proof)).toBe(false)
  })

  it('commits to the empty blob with the point at infinity, and proves it', () => {
    const blob = new Uint8Array(131_072)
    const infinity = `0xc0${'00'.repeat(47)}`
    const commitment = kzg.commit(blob) ?? new Uint8Array()
    expect(bytesToHex(commitment)).toBe(infinity)
    expect(bytesToHex(kzg.prove(blob, commitment) ?? new Uint8Array())).toBe(infinity)
    expect(kzg.verify(blob, commitment, commitment)).toBe(true)
  })

  it('answers null for a short blob and for an element not below the modulus', () => {
    expect(kzg.commit(new Uint8Array(131_071))).toBeNull()
    expect(kzg.commit(new Uint8Array(131_072).fill(0xff))).toBeNull()
    expect(kzg.verify(new Uint8Array(5), new Uint8Array(48), new Uint8Array(48))).toBe(false)
  })

  it('opens a polynomial at a root of unity to the element that stands there', () => {
    const elements = Array.from({ length: 4096 }, (_, i) => BigInt(i * i + 3))
    const roots = rootsOfUnity()
    const { y, quotient } = openAt(elements, roots[5] as bigint)
    expect(y).toBe(28n)
    // (p(x) − y) = q(x)·(x − z) at every root, and q has degree below 4095: its top coefficient, Σ qᵢ·wᵢ, is zero.
    expect(((quotient[9] as bigint) * ((roots[9] as bigint) - (roots[5] as bigint) + BLS_MODULUS)) % BLS_MODULUS).toBe(
      84n - 28n,
    )
    expect(quotient.reduce((sum, q, i) => (sum + q * (roots[i] as bigint)) % BLS_MODULUS, 0n)).toBe(0n)
  })
})

describe('createBlobCrypto', () => {
  const crypto = createBlobCrypto()
  afterAll(() => crypto.close())

  it('does its work in a worker: sidecars that verify, errors that arrive', async () => {
    const blob = new Uint8Array(131_072)
    blob.set([0, 1, 2, 3], 4)
    const [sidecar] = await crypto.sidecars([blob])
    if (!sidecar) throw new Error('no sidecar')
    expect(sidecar.versionedHash).toBe(commitmentToVersionedHash(sidecar.commitment))
    const [commitment] = await crypto.commitments([blob])
    expect(commitment).toEqual(sidecar.commitment)
    expect(await crypto.verifyProofs([sidecar, { ...sidecar, proof: sidecar.commitment }])).toEqual([true, false])
    await expect(crypto.commitments([new Uint8Array(3)])).rejects.toThrow('not a blob')
  })
})
