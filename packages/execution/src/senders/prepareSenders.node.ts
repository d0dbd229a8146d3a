import { Worker } from 'node:worker_threads'
import { bytesToHex, concatBytes, type Hash, keccak256Hex, TX_TYPE } from '@keelson/protocol'
import { rememberedSender, rememberSender } from './rememberedSenders.ts'

/** Fewer are not worth the way to another thread and back. */
const MIN_BATCH = 8

type Wanted = { readonly hash: Hash; readonly bytes: Uint8Array; readonly done: () => void }

let gathered: Wanted[] = []
const waiting = new Map<number, readonly Wanted[]>()
let nextId = 1
let worker: Worker | null = null
let isUnavailable = false

/**
 * Recovers the senders of transactions in a worker thread, so that `decodeTransaction` finds them remembered and the main
 * thread is free meanwhile. What is asked for in one turn of the event loop goes there together.
 *
 * Resolves when that is done, or when it turns out that `decodeTransaction` must do it itself: for a few transactions, and
 * where no worker can be had. Never rejects; what is wrong with a transaction is found by whoever decodes it.
 */
export async function prepareSenders(transactions: readonly Uint8Array[]): Promise<void> {
  if (isUnavailable) return
  const wanted: Promise<void>[] = []
  for (const bytes of transactions) {
    if (bytes[0] === TX_TYPE.deposit) continue
    const hash = keccak256Hex(bytes)
    if (rememberedSender(hash)) continue
    wanted.push(new Promise((done) => gathered.push({ hash, bytes, done })))
  }
  if (wanted.length === 0) return
  if (gathered.length === wanted.length) setImmediate(sendGathered)
  await Promise.all(wanted)
}

function sendGathered(): void {
  const batch = gathered
  gathered = []
  if (batch.length < MIN_BATCH || isUnavailable) {
    for (const { done } of batch) done()
    return
  }
  worker ??= startWorker()
  const id = nextId++
  waiting.set(id, batch)
  const bytes = concatBytes(...batch.map((item) => item.bytes))
  const lengths = Uint32Array.from(batch, (item) => item.bytes.length)
  worker.ref()
  worker.postMessage({ id, bytes, lengths }, [bytes.buffer as ArrayBuffer, lengths.buffer])
}

function startWorker(): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const started = new Worker(new URL(`./senderWorker.node.${extension}`, import.meta.url), {
    name: 'senders',
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  })
  started.on('message', ({ id, senders }: { id: number; senders: Uint8Array }) => {
    const batch = waiting.get(id) ?? []
    waiting.delete(id)
    if (waiting.size === 0) started.unref()
    batch.forEach(({ hash, done }, i) => {
      const sender = senders.subarray(20 * i, 20 * i + 20)
      if (sender.some((byte) => byte !== 0)) rememberSender(hash, bytesToHex(sender))
      done()
    })
  })
  started.on('error', giveUp)
  started.on('exit', giveUp)
  return started
}

/** Without the worker everything goes on as before, in the main thread. */
function giveUp(): void {
  isUnavailable = true
  worker = null
  for (const batch of waiting.values()) for (const { done } of batch) done()
  waiting.clear()
}
