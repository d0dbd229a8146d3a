import type { BlobCrypto } from '../l1Api.ts'
import { blobCryptoOf } from './blobCryptoOf.ts'
import { type BlobJob, createBlobJobs } from './blobJobs.ts'

/**
 * KZG for blobs where there is no worker to send it to, such as in a page: on the calling thread, one blob per task, so that
 * others get their turn between two blobs. The points are fetched when first needed. Cell proofs, which only senders need, are not
 * made here.
 */
export function createBlobCrypto(): BlobCrypto {
  const run = createBlobJobs({
    lagrangePoints: async () => {
      const response = await fetch(new URL('../../data/g1Lagrange.bin', import.meta.url))
      if (!response.ok) throw new Error(`cannot fetch the KZG points: HTTP ${response.status}`)
      return new Uint8Array(await response.arrayBuffer())
    },
  })
  let last: Promise<unknown> = Promise.resolve()
  return blobCryptoOf(
    (job: BlobJob) => {
      const result = last.then(() => new Promise((resolve) => setTimeout(resolve, 0))).then(() => run(job))
      last = result.catch(() => undefined)
      return result
    },
    async () => {},
  )
}
