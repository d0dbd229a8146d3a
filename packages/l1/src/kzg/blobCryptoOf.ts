import type { BlobCrypto, BlobSidecar } from '../l1Api.ts'
import type { BlobJob } from './blobJobs.ts'

/** The public face over something that does one job at a time, near or far. */
export function blobCryptoOf(run: (job: BlobJob) => Promise<unknown>, close: () => Promise<void>): BlobCrypto {
  return {
    commitments: (blobs) => Promise.all(blobs.map((blob) => run({ op: 'commitment', blob }) as Promise<Uint8Array>)),
    sidecars: (blobs) => Promise.all(blobs.map((blob) => run({ op: 'sidecar', blob }) as Promise<BlobSidecar>)),
    cellProofs: (blobs) => Promise.all(blobs.map((blob) => run({ op: 'cellProofs', blob }) as Promise<Uint8Array[]>)),
    verifyProofs: (items) =>
      Promise.all(
        items.map(({ blob, commitment, proof }) => run({ op: 'verify', blob, commitment, proof }) as Promise<boolean>),
      ),
    // A blob without anything in it: the worker starts and the points are read, nothing is computed.
    warm: () => void run({ op: 'commitment', blob: new Uint8Array(131_072) }).catch(() => undefined),
    close,
  }
}
