import type { BlobSidecar } from '../l1Api.ts'
import { type BlobKzg, commitmentToVersionedHash, createBlobKzg } from './blobKzg.ts'

/** The work that goes to a worker: plain data in and out. */
export type BlobJob =
  | { readonly op: 'commitment'; readonly blob: Uint8Array }
  | { readonly op: 'sidecar'; readonly blob: Uint8Array }
  | { readonly op: 'cellProofs'; readonly blob: Uint8Array }
  | { readonly op: 'verify'; readonly blob: Uint8Array; readonly commitment: Uint8Array; readonly proof: Uint8Array }

export type BlobJobResult = {
  readonly commitment: Uint8Array
  readonly sidecar: BlobSidecar
  readonly cellProofs: Uint8Array[]
  readonly verify: boolean
}

/** A faster implementation of some jobs, such as the native `c-kzg`; what is absent is done in TypeScript. */
export type NativeBlobKzg = Partial<BlobKzg> & { cellProofs?(blob: Uint8Array): Uint8Array[] }

/** Does one job. Bytes that are no blob throw a `RangeError`: callers make blobs, or check before. */
export function createBlobJobs(parts: {
  readonly lagrangePoints: () => Promise<Uint8Array>
  readonly native?: () => Promise<NativeBlobKzg | null>
  /** Cell proofs need the whole setup, which only the WASM library loads; asked for once they are needed. */
  readonly cellProofs?: () => Promise<(blob: Uint8Array) => Uint8Array[]>
}): (job: BlobJob) => Promise<BlobJobResult[BlobJob['op']]> {
  let loaded: Promise<BlobKzg & NativeBlobKzg> | undefined
  let cells: Promise<(blob: Uint8Array) => Uint8Array[]> | undefined
  const load = async () => {
    const native = (await parts.native?.()) ?? {}
    // The points are only read when something is left for them to do.
    const points = native.commit && native.prove ? new Uint8Array(0) : await parts.lagrangePoints()
    return { ...createBlobKzg(points), ...native }
  }
  const must = <T>(value: T | null): T => {
    if (value === null) throw new RangeError('not a blob: 4,096 field elements of 32 bytes are expected')
    return value
  }
  return async (job) => {
    loaded ??= load()
    const kzg = await loaded
    switch (job.op) {
      case 'commitment':
        return must(kzg.commit(job.blob))
      case 'sidecar': {
        const commitment = must(kzg.commit(job.blob))
        const proof = must(kzg.prove(job.blob, commitment))
        return { blob: job.blob, commitment, proof, versionedHash: commitmentToVersionedHash(commitment) }
      }
      case 'verify':
        return kzg.verify(job.blob, job.commitment, job.proof)
      case 'cellProofs': {
        if (kzg.cellProofs) return kzg.cellProofs(job.blob)
        if (!parts.cellProofs) throw new Error('cell proofs are not available here')
        cells ??= parts.cellProofs()
        return (await cells)(job.blob)
      }
    }
  }
}
