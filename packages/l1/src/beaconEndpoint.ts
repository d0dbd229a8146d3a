import type { CallOptions } from '@keelson/protocol'
import { type Clock, errorText, withoutCredentials } from '@keelson/service'

/** A beacon API that did not give what it was asked for; `status` when it answered at all. */
export class BeaconError extends Error {
  override readonly name = 'BeaconError'
  readonly status: number | undefined
  constructor(message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options)
    this.status = options.status
  }
}

/** One element of `/eth/v1/beacon/blob_sidecars/{slot}`. */
export type BeaconSidecar = {
  readonly index: string
  readonly blob: string
  readonly kzg_commitment: string
  readonly kzg_proof: string
}

/** One beacon API server. */
export interface BeaconEndpoint {
  /** The URL without credentials. */
  readonly shownUrl: string
  /** Which of the two ways to ask for blobs it has shown to know. */
  serves: 'blobs' | 'sidecars' | null
  /** JSON of a path. Rejects with {@link BeaconError} or the signal's reason. */
  get<T>(path: string, call?: CallOptions): Promise<T>
}

/** @param parts.header - `Key: Value` sent with each request */
export function createBeaconEndpoint(parts: {
  readonly url: string
  readonly header?: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly timeoutMs: number
  readonly clock: Clock
}): BeaconEndpoint {
  const { url, header, fetch, timeoutMs, clock } = parts
  const base = url.endsWith('/') ? url : `${url}/`
  const shownUrl = withoutCredentials(url)
  const headers: Record<string, string> = { accept: 'application/json' }
  const colon = header?.indexOf(':') ?? -1
  if (header && colon > 0) headers[header.slice(0, colon).trim()] = header.slice(colon + 1).trim()
  return {
    shownUrl,
    serves: null,
    async get<T>(path: string, call: CallOptions = {}): Promise<T> {
      const abort = new AbortController()
      const cancel = clock.setTimeout(() => abort.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
      const onAbort = () => abort.abort(call.signal?.reason)
      call.signal?.addEventListener('abort', onAbort, { once: true })
      const route = path.split('?')[0]
      try {
        call.signal?.throwIfAborted()
        const response = await fetch(new URL(path, base), { headers, signal: abort.signal })
        const text = await response.text()
        if (!response.ok) {
          throw new BeaconError(`${shownUrl} answered HTTP ${response.status} for ${route}: ${text.slice(0, 200)}`, {
            status: response.status,
          })
        }
        return JSON.parse(text) as T
      } catch (cause) {
        if (call.signal?.aborted) throw call.signal.reason
        if (cause instanceof BeaconError) throw cause
        const reason = abort.signal.aborted
          ? abort.signal.reason
          : cause instanceof Error
            ? (cause.cause ?? cause)
            : cause
        throw new BeaconError(`${shownUrl} gave nothing for ${route}: ${errorText(reason)}`, {
          cause,
        })
      } finally {
        cancel()
        call.signal?.removeEventListener('abort', onAbort)
      }
    },
  }
}
