import { concatBytes } from '@keelson/protocol'
import type { Clock } from '@keelson/service'
import type { Stream } from '@libp2p/interface'

/** Runs `fn`; past the time limit the stream is aborted, which ends `fn` too. */
export async function withinStreamLimit<T>(
  stream: Stream,
  clock: Clock,
  limitMs: number,
  what: string,
  fn: () => Promise<T>,
): Promise<T> {
  const late = new Error(`${what} took more than ${limitMs} ms`)
  let expired = false
  let rejectLate = (_: Error) => {}
  const limit = new Promise<never>((_, reject) => {
    rejectLate = reject
  })
  limit.catch(() => {})
  const cancel = clock.setTimeout(() => {
    expired = true
    stream.abort(late)
    rejectLate(late)
  }, limitMs)
  try {
    return await Promise.race([fn(), limit])
  } catch (error) {
    throw expired ? late : error
  } finally {
    cancel()
  }
}

/** Reads until the other side has closed, or `enough` bytes are there; rejects past `max` bytes. */
export async function readBytes(stream: Stream, max: number, enough = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = chunk instanceof Uint8Array ? chunk : chunk.subarray()
    size += bytes.length
    if (size > max) throw new Error(`more than ${max} bytes`)
    parts.push(bytes)
    if (size >= enough) break
  }
  return concatBytes(...parts)
}

const WRITE_CHUNK = 64 * 1024

/** Writes all and closes our side. */
export async function writeBytes(stream: Stream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += WRITE_CHUNK) {
    if (!stream.send(bytes.subarray(at, at + WRITE_CHUNK))) await stream.onDrain()
  }
  await stream.close()
}
