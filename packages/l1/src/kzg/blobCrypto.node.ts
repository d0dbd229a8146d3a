import { Worker } from 'node:worker_threads'
import type { BlobCrypto } from '../l1Api.ts'
import { blobCryptoOf } from './blobCryptoOf.ts'
import type { BlobJob } from './blobJobs.ts'

type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void }

/**
 * KZG for blobs in a worker thread, which is started by the first job and does not keep the process alive. One worker does
 * one job after another; share the object between the parts of a process.
 *
 * A native `c-kzg` is used when it is installed.
 */
export function createBlobCrypto(): BlobCrypto {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | null = null
  let nextId = 1

  const fail = (error: Error) => {
    worker = null
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }

  function start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const started = new Worker(new URL(`./worker.node.${extension}`, import.meta.url), {
      name: 'kzg',
      // Big integers are short-lived; without a limit the heap grows for nothing.
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 },
    })
    started.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
      const call = waiting.get(id)
      waiting.delete(id)
      if (waiting.size === 0) started.unref()
      if (error === undefined) call?.resolve(result)
      else call?.reject(new Error(error))
    })
    started.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
    started.on('exit', () => {
      if (worker === started) fail(new Error('the KZG worker ended'))
    })
    return started
  }

  const run = (job: BlobJob) =>
    new Promise<unknown>((resolve, reject) => {
      worker ??= start()
      const id = nextId++
      waiting.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, job })
    })

  return blobCryptoOf(run, async () => {
    const ending = worker
    fail(new Error('closed'))
    await ending?.terminate()
  })
}
