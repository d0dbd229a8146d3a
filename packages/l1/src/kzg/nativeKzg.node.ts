import type { NativeBlobKzg } from './blobJobs.ts'

/** What we use of `c-kzg`, which is no dependency: it needs a compiler where it is installed. */
type CKzg = {
  loadTrustedSetup(precompute: number): void
  blobToKzgCommitment(blob: Uint8Array): Uint8Array
  computeBlobKzgProof(blob: Uint8Array, commitment: Uint8Array): Uint8Array
  verifyBlobKzgProof(blob: Uint8Array, commitment: Uint8Array, proof: Uint8Array): boolean
  computeCellsAndKzgProofs(blob: Uint8Array): [Uint8Array[], Uint8Array[]]
}

/** `fn`'s answer, or what a library's exception stands for: bytes that are no blob or no point. */
const orElse = <T, E>(fn: () => T, otherwise: E): T | E => {
  try {
    return fn()
  } catch {
    return otherwise
  }
}

/** The native library, or `null` where it is not installed or does not load. */
export async function loadNativeKzg(): Promise<NativeBlobKzg | null> {
  const name = 'c-kzg'
  try {
    const loaded = (await import(name)) as CKzg & { default?: CKzg }
    const kzg = loaded.default ?? loaded
    kzg.loadTrustedSetup(0)
    return {
      commit: (blob) => orElse(() => kzg.blobToKzgCommitment(blob), null),
      prove: (blob, commitment) => orElse(() => kzg.computeBlobKzgProof(blob, commitment), null),
      verify: (blob, commitment, proof) => orElse(() => kzg.verifyBlobKzgProof(blob, commitment, proof), false),
      cellProofs: (blob) => kzg.computeCellsAndKzgProofs(blob)[1],
    }
  } catch {
    return null
  }
}
