import type { Hash, Hex } from '@keelson/protocol'
import { createHttpServer } from '@keelson/service/node'
import { bytesToHex, hexToBytes } from 'viem'
import { rpc } from '../support.ts'
import type { InteropChain } from './interopChain.ts'

type Block = { timestamp: Hex; number: Hex; transactions: { blobVersionedHashes?: Hash[] }[] }

/**
 * A beacon API over anvil's for nodes that ask for slots and sidecars: a slot is one second, counted from 1970. Anvil
 * itself has blobs without proofs, and neither slots nor a chain config.
 */
export async function startSidecarBeacon(chain: InteropChain): Promise<string> {
  const { anvil } = chain.l1
  const blockAt = async (timestamp: bigint): Promise<Block | null> => {
    for (let tag = 'latest'; ; ) {
      const block = await rpc<Block>(anvil.url, 'eth_getBlockByNumber', [tag, true])
      if (BigInt(block.timestamp) === timestamp) return block
      if (BigInt(block.timestamp) < timestamp || BigInt(block.number) === 0n) return null
      tag = `0x${(BigInt(block.number) - 1n).toString(16)}`
    }
  }
  const sidecars = async (slot: bigint) => {
    const block = await blockAt(slot)
    const hashes = block?.transactions.flatMap(({ blobVersionedHashes = [] }) => blobVersionedHashes) ?? []
    const blobs = await Promise.all(
      hashes.map(async (hash) => {
        const path = `/eth/v1/beacon/blobs/${BigInt(block?.number as Hex)}?versioned_hashes=${hash}`
        const { data } = (await (await fetch(`${anvil.beaconUrl}${path}`)).json()) as { data: [Hex] }
        return hexToBytes(data[0])
      }),
    )
    return (await chain.blobCrypto.sidecars(blobs)).map(({ blob, commitment, proof }, index) => ({
      index: String(index),
      blob: bytesToHex(blob),
      kzg_commitment: bytesToHex(commitment),
      kzg_proof: bytesToHex(proof),
    }))
  }
  const answer = async (path: string): Promise<unknown> => {
    if (path === '/eth/v1/node/version') return { version: 'sidecars' }
    if (path === '/eth/v1/beacon/genesis') return { genesis_time: '0' }
    if (path === '/eth/v1/config/spec') return { SECONDS_PER_SLOT: '1' }
    const slot = /^\/eth\/v1\/beacon\/blob_sidecars\/(\d+)$/.exec(path)?.[1]
    return slot === undefined ? null : sidecars(BigInt(slot))
  }
  const server = chain.keep(
    await createHttpServer({
      host: '127.0.0.1',
      port: 0,
      handle: async (request, response) => {
        const data = await answer(new URL(request.url ?? '/', 'http://localhost').pathname)
        response.writeHead(data === null ? 404 : 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ data }))
      },
    }),
  )
  return server.url
}
