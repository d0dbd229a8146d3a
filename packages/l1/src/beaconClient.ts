import type { BlobProvider } from '@keelson/derive'
import { type CallOptions, type Hash, hexToBytes, type IndexedBlobHash, type L1BlockRef } from '@keelson/protocol'
import { type Clock, errorText, type Logger, nullLogger, systemClock } from '@keelson/service'
import { type BeaconEndpoint, BeaconError, type BeaconSidecar, createBeaconEndpoint } from './beaconEndpoint.ts'
import { ByteCache } from './byteCache.ts'
import { L1Error } from './errors.ts'
import { commitmentToVersionedHash } from './kzg/blobKzg.ts'
import type { BlobCrypto } from './l1Api.ts'

export type BeaconClientOptions = {
  readonly url: string
  /** Sent to the primary only, as `Key: Value`. */
  readonly header?: string
  /** Asked when the primary does not have a blob or does not answer. */
  readonly fallbacks?: readonly string[]
  /** Seconds per slot, when the beacon node's config shall not be asked. */
  readonly slotDurationOverride?: number
  /** Does the verification; shared by the parts of a process. */
  readonly crypto: BlobCrypto
  /** For one request; 30 s. */
  readonly timeoutMs?: number
  /** Bound of the cache of verified blobs; 16 MiB. */
  readonly cacheBytes?: number
  readonly fetch?: typeof globalThis.fetch
  readonly clock?: Clock
  readonly log?: Logger
}

export interface BeaconClient extends BlobProvider {
  /** The server's name and version, or `null` when it does not say. Rejects with {@link L1Error} `unavailable`. */
  version(call?: CallOptions): Promise<string | null>
}

/** How a server's blocks are named: by slot, or, where there are no slots (anvil), by the L1 block's hash. */
type Naming =
  | { readonly by: 'slot'; readonly genesisTime: bigint; readonly secondsPerSlot: bigint }
  | { readonly by: 'blockHash' }

/**
 * Blobs from beacon nodes, each checked against its versioned hash by recomputing its commitment, or by its proof where the
 * server gives one.
 *
 * Primary and fallbacks form a ring: on a failure the next one is asked, and stays the first choice.
 *
 * @see specs/protocol/ecotone/derivation.md#ecotone-blob-retrieval
 */
export function createBeaconClient(options: BeaconClientOptions): BeaconClient {
  const { crypto, slotDurationOverride = 0, cacheBytes = 16 * 1024 * 1024, log = nullLogger } = options
  const parts = {
    fetch: options.fetch ?? globalThis.fetch,
    timeoutMs: options.timeoutMs ?? 30_000,
    clock: options.clock ?? systemClock,
  }
  const primary = createBeaconEndpoint({ url: options.url, header: options.header, ...parts })
  const endpoints = [primary, ...(options.fallbacks ?? []).map((url) => createBeaconEndpoint({ url, ...parts }))]
  const cache = new ByteCache<Uint8Array>(cacheBytes)
  let first = 0
  let naming: Promise<Naming> | null = null

  async function askNaming(): Promise<Naming> {
    const genesis = await primary.get<{ data: { genesis_time: string } }>('eth/v1/beacon/genesis')
    const genesisTime = BigInt(genesis.data.genesis_time)
    if (slotDurationOverride > 0) return { by: 'slot', genesisTime, secondsPerSlot: BigInt(slotDurationOverride) }
    try {
      const spec = await primary.get<{ data: { SECONDS_PER_SLOT: string } }>('eth/v1/config/spec')
      return { by: 'slot', genesisTime, secondsPerSlot: BigInt(spec.data.SECONDS_PER_SLOT) }
    } catch (error) {
      if (!(error instanceof BeaconError) || error.status !== 404) throw error
      log.info('The beacon API has no chain config; blobs are asked for by L1 block hash', { beacon: primary.shownUrl })
      return { by: 'blockHash' }
    }
  }

  /** The block's name in a URL, and its slot as far as there is one. */
  async function blockId(ref: L1BlockRef): Promise<{ id: string; slot: bigint }> {
    naming ??= askNaming()
    let known: Naming
    try {
      known = await naming
    } catch (cause) {
      naming = null
      throw unavailable('genesis and config', cause)
    }
    if (known.by === 'blockHash') return { id: ref.hash, slot: ref.number }
    const slot = (ref.timestamp - known.genesisTime) / known.secondsPerSlot
    return { id: slot.toString(), slot }
  }

  const unavailable = (what: string, cause: unknown) =>
    new L1Error('unavailable', { what: `${what} of the beacon chain`, reason: errorText(cause) }, { cause })

  /** Blobs without proofs: the commitment is computed anew. */
  async function fromBlobs(
    endpoint: BeaconEndpoint,
    id: string,
    hashes: readonly IndexedBlobHash[],
    call: CallOptions,
  ) {
    const ask = async (wanted: readonly IndexedBlobHash[]) => {
      const query = wanted.map(({ hash }) => `versioned_hashes=${hash}`).join('&')
      const { data } = await endpoint.get<{ data: string[] }>(`eth/v1/beacon/blobs/${id}?${query}`, call)
      const blobs = data.map(hexToBytes)
      const commitments = await crypto.commitments(blobs)
      return blobs.map((blob, i) => ({ blob, hash: commitmentToVersionedHash(commitments[i] as Uint8Array) }))
    }
    const found = await ask(hashes)
    if (hashes.length === 1 || found.length >= hashes.length) return found
    // Some servers (anvil) take only one of a repeated parameter.
    const lacking = hashes.filter(({ hash }) => !found.some((blob) => blob.hash === hash))
    return [...found, ...(await Promise.all(lacking.map((one) => ask([one])))).flat()]
  }

  /** Sidecars carry commitment and proof: checking them is ten times cheaper. */
  async function fromSidecars(
    endpoint: BeaconEndpoint,
    id: string,
    hashes: readonly IndexedBlobHash[],
    call: CallOptions,
  ) {
    const query = hashes.map(({ index }) => `indices=${index}`).join('&')
    const { data } = await endpoint.get<{ data: BeaconSidecar[] }>(`eth/v1/beacon/blob_sidecars/${id}?${query}`, call)
    const wanted = new Map(hashes.map(({ index, hash }) => [index, hash]))
    const sidecars = data
      .map((item) => ({
        index: Number(item.index),
        blob: hexToBytes(item.blob),
        commitment: hexToBytes(item.kzg_commitment),
        proof: hexToBytes(item.kzg_proof),
      }))
      .filter(({ index, commitment }) => wanted.get(index) === commitmentToVersionedHash(commitment))
    const valid = await crypto.verifyProofs(sidecars)
    return sidecars
      .filter((_, i) => valid[i])
      .map(({ blob, commitment }) => ({ blob, hash: commitmentToVersionedHash(commitment) }))
  }

  async function fetchFrom(
    endpoint: BeaconEndpoint,
    id: string,
    hashes: readonly IndexedBlobHash[],
    call: CallOptions,
  ) {
    if (endpoint.serves === 'sidecars') return fromSidecars(endpoint, id, hashes, call)
    try {
      const found = await fromBlobs(endpoint, id, hashes, call)
      endpoint.serves = 'blobs'
      return found
    } catch (error) {
      // Nodes from before Fulu do not have the route, which looks like a block they do not have.
      if (endpoint.serves === 'blobs' || !(error instanceof BeaconError) || error.status === undefined) throw error
      try {
        const found = await fromSidecars(endpoint, id, hashes, call)
        endpoint.serves = 'sidecars'
        return found
      } catch {
        throw error
      }
    }
  }

  return {
    async version(call) {
      try {
        const answer = await primary.get<{ data: { version: string } }>('eth/v1/node/version', call)
        return answer.data.version
      } catch (error) {
        if (error instanceof BeaconError && error.status === 404) return null
        throw unavailable('the version', error)
      }
    },

    async getBlobs(ref, hashes, call = {}) {
      const missing = hashes.filter(({ hash }) => !cache.has(hash))
      const found = new Map<Hash, Uint8Array>()
      for (const { hash } of hashes) {
        const blob = cache.get(hash)
        if (blob) found.set(hash, blob)
      }
      if (missing.length > 0) {
        const { id, slot } = await blockId(ref)
        const failures: unknown[] = []
        for (let turn = 0; turn < endpoints.length; turn++) {
          const at = (first + turn) % endpoints.length
          const endpoint = endpoints[at] as BeaconEndpoint
          const rest = missing.filter(({ hash }) => !found.has(hash))
          try {
            const blobs = await fetchFrom(endpoint, id, rest, call)
            for (const { blob, hash } of blobs) {
              found.set(hash, blob)
              cache.set(hash, blob, blob.length)
            }
            const lacking = rest.filter(({ hash }) => !found.has(hash))
            if (lacking.length === 0) {
              first = at
              break
            }
            // What it gave instead, it gave wrongly; what it left out, it does not have.
            const [{ hash }] = lacking as [IndexedBlobHash]
            if (blobs.some((blob) => !rest.some((wanted) => wanted.hash === blob.hash)))
              throw new L1Error('badBlob', { slot, hash, reason: 'its commitment has another hash' })
            throw new BeaconError(`${lacking.length} of ${rest.length} blobs are not there`, { status: 404 })
          } catch (error) {
            call.signal?.throwIfAborted()
            failures.push(error)
            log.warn('Blobs could not be fetched', {
              beacon: endpoint.shownUrl,
              l1_block: ref.number,
              slot,
              err: error,
            })
          }
        }
        if (missing.some(({ hash }) => !found.has(hash))) {
          // Somebody answered that it is not there: asking again will not help, reading L1 again may.
          if (failures.some((error) => error instanceof BeaconError && error.status === 404)) return null
          const reason = failures.map(errorText).join('; ')
          throw new L1Error(
            'unavailable',
            { what: `${missing.length} blobs of block ${ref.number}`, reason },
            { cause: failures[0] },
          )
        }
      }
      return hashes.map(({ hash }) => found.get(hash) as Uint8Array)
    },
  }
}
