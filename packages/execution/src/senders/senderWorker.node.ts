import { parentPort } from 'node:worker_threads'
import { hexToBytes, recoverSender, setSecp256k1 } from '@keelson/protocol'
import { fastSecp256k1 } from '#secp256k1'

/**
 * The thread behind `prepareSenders.node.ts`: takes transactions one after another in `bytes`, answers their senders, 20
 * bytes each; zeros stand for what has no sender.
 */
if (fastSecp256k1) setSecp256k1(fastSecp256k1)

parentPort?.on('message', ({ id, bytes, lengths }: { id: number; bytes: Uint8Array; lengths: Uint32Array }) => {
  const senders = new Uint8Array(20 * lengths.length)
  let at = 0
  lengths.forEach((length, i) => {
    const sender = recoverSender(bytes.subarray(at, at + length))
    if (sender) senders.set(hexToBytes(sender), 20 * i)
    at += length
  })
  parentPort?.postMessage({ id, senders }, [senders.buffer])
})
