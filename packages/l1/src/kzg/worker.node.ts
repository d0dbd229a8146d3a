import { readFile } from 'node:fs/promises'
import { parentPort } from 'node:worker_threads'
import { type BlobJob, createBlobJobs } from './blobJobs.ts'
import { loadNativeKzg } from './nativeKzg.node.ts'
import { loadWasmCellProofs } from './wasmCells.node.ts'

/** The thread behind `blobCrypto.node.ts`: takes `{id, job}`, answers `{id, result}` or `{id, error}`. */
const run = createBlobJobs({
  lagrangePoints: () => readFile(new URL('../../data/g1Lagrange.bin', import.meta.url)),
  native: loadNativeKzg,
  cellProofs: loadWasmCellProofs,
})

parentPort?.on('message', ({ id, job }: { id: number; job: BlobJob }) => {
  run(job).then(
    (result) => parentPort?.postMessage({ id, result }),
    (error: unknown) => parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) }),
  )
})
