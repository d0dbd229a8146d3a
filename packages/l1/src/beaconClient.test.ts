import { bytesToHex, type Hash, hexToBytes, type L1BlockRef } from '@keelson/protocol'
import { fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { createBeaconClient } from './beaconClient.ts'
import { commitmentToVersionedHash } from './kzg/blobKzg.ts'
import type { BlobCrypto } from './l1Api.ts'

const BLOBS = [1, 2, 3].map((fill) => new Uint8Array(8).fill(fill))
/** Commitments that are cheap to make: the blob's bytes over again. The real ones are tested beside the KZG code. */
const commitmentOf = (blob: Uint8Array) => new Uint8Array(48).map((_, i) => blob[i % blob.length] as number)
const crypto: BlobCrypto = {
  commitments: async (blobs) => blobs.map(commitmentOf),
  sidecars: () => Promise.reject(new Error('not asked here')),
  cellProofs: () => Promise.reject(new Error('not asked here')),
  verifyProofs: async (items) =>
    items.map(
      ({ blob, commitment, proof }) => bytesToHex(commitmentOf(blob)) === bytesToHex(commitment) && proof[0] === 7,
    ),
  warm: () => {},
  close: async () => {},
}
const hashOf = (blob: Uint8Array) => commitmentToVersionedHash(commitmentOf(blob))
const HASHES = BLOBS.map((blob, index) => ({ index, hash: hashOf(blob) }))
const REF: L1BlockRef = {
  hash: `0x${'0a'.repeat(32)}`,
  number: 77n,
  parentHash: `0x${'09'.repeat(32)}`,
  timestamp: 1_000n + 12n * 5n,
}

type Routes = Record<string, (url: URL) => unknown>
/** A network of beacon nodes by host; a route that is not there answers 404, a `Response` is passed on. */
function network(hosts: Record<string, Routes>) {
  const asked: string[] = []
  const fetch = (async (input: string | URL) => {
    const url = new URL(input)
    asked.push(`${url.hostname}${url.pathname}${url.search}`)
    const route = hosts[url.hostname]?.[url.pathname]
    if (!hosts[url.hostname]) throw new TypeError('fetch failed')
    const body = route?.(url)
    if (body instanceof Response) return body
    return body === undefined ? new Response('{"code":404}', { status: 404 }) : Response.json(body)
  }) as typeof globalThis.fetch
  return { fetch, asked }
}

const chain: Routes = {
  '/eth/v1/beacon/genesis': () => ({ data: { genesis_time: '1000' } }),
  '/eth/v1/config/spec': () => ({ data: { SECONDS_PER_SLOT: '12' } }),
  '/eth/v1/node/version': () => ({ data: { version: 'lantern/1' } }),
}
const hex = (blobs: readonly Uint8Array[]) => ({ data: blobs.map(bytesToHex) })
const sidecars = (blobs: readonly Uint8Array[], proof = 7) => ({
  data: blobs.map((blob, index) => ({
    index: String(index),
    blob: bytesToHex(blob),
    kzg_commitment: bytesToHex(commitmentOf(blob)),
    kzg_proof: bytesToHex(new Uint8Array(48).fill(proof)),
  })),
})

describe('createBeaconClient', () => {
  it('[DER-042] asks for blobs by slot and versioned hash, and gives them in the order asked for', async () => {
    const { fetch, asked } = network({ a: { ...chain, '/eth/v1/beacon/blobs/5': () => hex(BLOBS.toReversed()) } })
    const beacon = createBeaconClient({ url: 'http://a', crypto, fetch })
    expect(await beacon.getBlobs(REF, HASHES)).toEqual(BLOBS)
    expect(asked.at(-1)).toBe(
      `a/eth/v1/beacon/blobs/5?${HASHES.map(({ hash }) => `versioned_hashes=${hash}`).join('&')}`,
    )
    expect(await beacon.version()).toBe('lantern/1')
  })

  it('[DER-041] [DER-043] falls back to sidecars by index where blobs are not served, and checks their proofs', async () => {
    const good = network({ a: { ...chain, '/eth/v1/beacon/blob_sidecars/5': () => sidecars(BLOBS) } })
    const beacon = createBeaconClient({ url: 'http://a/', crypto, fetch: good.fetch })
    expect(await beacon.getBlobs(REF, HASHES.slice(1))).toEqual(BLOBS.slice(1))
    expect(good.asked.at(-1)).toBe('a/eth/v1/beacon/blob_sidecars/5?indices=1&indices=2')
    const bad = network({ a: { ...chain, '/eth/v1/beacon/blob_sidecars/5': () => sidecars(BLOBS, 6) } })
    expect(await createBeaconClient({ url: 'http://a', crypto, fetch: bad.fetch }).getBlobs(REF, HASHES)).toBeNull()
  })

  it('[DER-041] does not take a blob with another commitment, and asks the next server', async () => {
    const { fetch, asked } = network({
      a: { ...chain, '/eth/v1/beacon/blobs/5': () => hex([new Uint8Array(8).fill(9)]) },
      b: { '/eth/v1/beacon/blobs/5': () => hex(BLOBS.slice(0, 1)) },
    })
    const beacon = createBeaconClient({ url: 'http://a', fallbacks: ['http://b'], crypto, fetch })
    expect(await beacon.getBlobs(REF, HASHES.slice(0, 1))).toEqual(BLOBS.slice(0, 1))
    // The server that had it stays the first choice; what was verified is not asked for again.
    expect(await beacon.getBlobs(REF, HASHES.slice(0, 1))).toEqual(BLOBS.slice(0, 1))
    expect(asked.filter((url) => url.includes('blobs')).map((url) => url[0])).toEqual(['a', 'b'])
  })

  it('[DER-044] answers null when a server says that it does not have a blob', async () => {
    const { fetch } = network({ a: { ...chain, '/eth/v1/beacon/blobs/5': () => hex(BLOBS.slice(0, 2)) } })
    expect(await createBeaconClient({ url: 'http://a', crypto, fetch }).getBlobs(REF, HASHES)).toBeNull()
  })

  it('[DER-044] rejects as temporary when nobody could be asked', async () => {
    const broken = () => new Response('busy', { status: 503 })
    const { fetch } = network({ a: { ...chain, '/eth/v1/beacon/blobs/5': broken } })
    const beacon = createBeaconClient({ url: 'http://a', fallbacks: ['http://gone'], crypto, fetch })
    await expect(beacon.getBlobs(REF, HASHES)).rejects.toMatchObject({
      severity: 'temporary',
      fault: { code: 'unavailable' },
    })
  })

  it('asks a server without a chain config by L1 block hash, unless a slot duration is given', async () => {
    const genesis: Routes = { '/eth/v1/beacon/genesis': chain['/eth/v1/beacon/genesis'] as Routes[string] }
    const { fetch, asked } = network({
      a: {
        ...genesis,
        [`/eth/v1/beacon/blobs/${REF.hash}`]: () => hex(BLOBS),
        '/eth/v1/beacon/blobs/15': () => hex(BLOBS),
      },
    })
    expect(await createBeaconClient({ url: 'http://a', crypto, fetch }).getBlobs(REF, HASHES)).toEqual(BLOBS)
    expect(
      await createBeaconClient({ url: 'http://a', crypto, fetch, slotDurationOverride: 4 }).getBlobs(REF, HASHES),
    ).toEqual(BLOBS)
    expect(asked.filter((url) => url.includes('blobs')).map((url) => url.split('?')[0])).toEqual([
      `a/eth/v1/beacon/blobs/${REF.hash}`,
      'a/eth/v1/beacon/blobs/15',
    ])
  })

  it('asks once more, one by one, where only one of a repeated parameter is heeded', async () => {
    const one = (url: URL) =>
      hex(BLOBS.filter((blob) => hashOf(blob) === url.searchParams.getAll('versioned_hashes').at(-1)))
    const { fetch } = network({ a: { ...chain, '/eth/v1/beacon/blobs/5': one } })
    expect(await createBeaconClient({ url: 'http://a', crypto, fetch }).getBlobs(REF, HASHES)).toEqual(BLOBS)
  })

  type Real = {
    input: { genesis: unknown; configSpec: unknown; blobSidecars: { data: { index: string; blob: string }[] } }
    expected: { slot: number | string; timestampOfSlot: number | string; blobs: { versionedHash: Hash }[] }
  }
  it.skipIf(fixtureFolder() === null)(
    '[DER-042] reads the real answers of a beacon node: genesis, spec, slot, sidecars',
    async () => {
      const { input, expected } = readFixture<Real>('derivation/beacon-blob-sidecars-goerli-7422094.json.gz')
      const { fetch, asked } = network({
        a: {
          '/eth/v1/beacon/genesis': () => input.genesis,
          '/eth/v1/config/spec': () => input.configSpec,
          [`/eth/v1/beacon/blob_sidecars/${expected.slot}`]: () => input.blobSidecars,
        },
      })
      const trusting: BlobCrypto = { ...crypto, verifyProofs: async (items) => items.map(() => true) }
      const beacon = createBeaconClient({ url: 'http://a', crypto: trusting, fetch })
      const ref = { ...REF, timestamp: BigInt(expected.timestampOfSlot) }
      const hashes = input.blobSidecars.data.map(({ index }, i) => ({
        index: Number(index),
        hash: expected.blobs[i]?.versionedHash as Hash,
      }))
      expect(await beacon.getBlobs(ref, hashes)).toEqual(input.blobSidecars.data.map(({ blob }) => hexToBytes(blob)))
      expect(asked.some((url) => url.startsWith(`a/eth/v1/beacon/blob_sidecars/${expected.slot}?`))).toBe(true)
    },
  )
})
