import { createBeaconClient, createBlobCrypto, createL1Client } from '@keelson/l1'
import {
  type Address,
  type Hash,
  type L1BlockRef,
  senderOf,
  TX_TYPE,
  tryDecodeFrames,
  tryDecodeTxEnvelope,
  txHash,
} from '@keelson/protocol'
import { createRpcClient } from '@keelson/service'
import { type DecodeInput, InputError } from './input.ts'
import type { L1Place } from './report.ts'

export type L1Query = {
  readonly l1Rpc: string
  /** Where blobs come from; without it blob transactions are named only. */
  readonly beacon: string | undefined
  /** Only these transactions. */
  readonly txs: readonly Hash[]
  readonly from: bigint | undefined
  readonly to: bigint | undefined
  /** Only transactions to this address; without it, all whose data can be read as frames. */
  readonly inbox: Address | undefined
  readonly signal: AbortSignal
}

/** Clients of L1 and, where it is given, of its beacon node. */
export function openL1(url: string, beaconUrl: string | undefined) {
  const rpc = createRpcClient({ url, timeoutMs: 30_000, name: 'l1' })
  const l1 = createL1Client({ rpc, prefetchBlocks: 0 })
  const crypto = beaconUrl === undefined ? null : createBlobCrypto()
  const beacon = beaconUrl === undefined || !crypto ? null : createBeaconClient({ url: beaconUrl, crypto })
  return { rpc, l1, beacon, close: async () => crypto?.close() }
}

/**
 * Fetches batcher data from L1: single transactions, or all of a range of blocks. Blocks are checked against their hash,
 * transactions against their root, blobs against their versioned hashes.
 */
export async function inputsFromL1(query: L1Query): Promise<DecodeInput[]> {
  const { rpc, l1, beacon, close } = openL1(query.l1Rpc, query.beacon)
  const call = { signal: query.signal }
  try {
    const inputs: DecodeInput[] = []
    for (const { block, only } of await blocksOf(query, rpc, l1)) {
      const transactions = await l1.getTransactions(block.hash, call)
      if (!transactions) throw new InputError(`L1 does not know block ${block.hash} any more`)
      for (const found of batcherTxs(block, transactions, only, query.inbox)) {
        const { input, blobs } = found
        if (blobs.length === 0 || !beacon) {
          inputs.push(input)
          continue
        }
        const bytes = await beacon.getBlobs(block, blobs, call)
        if (!bytes) throw new InputError(`the beacon node does not have the blobs of ${input.name}`)
        inputs.push({ ...input, blobsFollow: true })
        for (const [i, blob] of bytes.entries()) {
          const l1Place = input.l1 as L1Place
          inputs.push({ name: `${i} of ${input.name}`, kind: 'blob', bytes: blob, l1: l1Place })
        }
      }
    }
    return inputs
  } finally {
    await close()
  }
}

type BlockToRead = { readonly block: L1BlockRef; readonly only: ReadonlySet<Hash> | null }

async function blocksOf(
  { txs, from, to, signal }: L1Query,
  rpc: ReturnType<typeof createRpcClient>,
  l1: ReturnType<typeof createL1Client>,
): Promise<BlockToRead[]> {
  const byHash = new Map<Hash, { block: L1BlockRef; only: Set<Hash> }>()
  for (const hash of txs) {
    const tx = await rpc.request<{ blockHash: Hash | null; blockNumber: Hash | null } | null>(
      'eth_getTransactionByHash',
      [hash],
      { signal },
    )
    if (!tx?.blockHash) throw new InputError(`L1 has no mined transaction ${hash}`)
    const block = await l1.getBlockInfo(tx.blockHash, { signal })
    if (!block) throw new InputError(`L1 does not know block ${tx.blockHash} any more`)
    const entry = byHash.get(block.hash) ?? { block, only: new Set() }
    entry.only.add(hash)
    byHash.set(block.hash, entry)
  }
  const blocks: BlockToRead[] = [...byHash.values()]
  if (from === undefined && to === undefined) return blocks
  const first = from ?? (to as bigint)
  const last = to ?? first
  if (last < first) throw new InputError(`--to ${last} is before --from ${first}`)
  for (let number = first; number <= last; number++) {
    const block = await l1.getBlockRefByNumber(number, { signal })
    if (!block) throw new InputError(`L1 has no block ${number}`)
    blocks.push({ block, only: null })
  }
  return blocks
}

type Found = { readonly input: DecodeInput; readonly blobs: readonly { index: number; hash: Hash }[] }

function* batcherTxs(
  block: L1BlockRef,
  transactions: readonly Uint8Array[],
  only: ReadonlySet<Hash> | null,
  inbox: Address | undefined,
): Generator<Found> {
  let blobIndex = 0
  for (const [txIndex, bytes] of transactions.entries()) {
    const tx = tryDecodeTxEnvelope(bytes)
    if (!tx) continue
    const firstBlob = blobIndex
    blobIndex += tx.blobVersionedHashes.length
    const hash = txHash(bytes)
    if (only && !only.has(hash)) continue
    if (!only && inbox && tx.to?.toLowerCase() !== inbox.toLowerCase()) continue
    const hasBlobs = tx.type === TX_TYPE.blob
    if (!only && !inbox && (hasBlobs || !tryDecodeFrames(tx.input))) continue
    const l1: L1Place = {
      blockNumber: block.number,
      blockHash: block.hash,
      timestamp: block.timestamp,
      txHash: hash,
      txIndex,
      from: senderOf(bytes, tx),
      to: tx.to,
    }
    const blobs = tx.blobVersionedHashes.map((blobHash, i) => ({ index: firstBlob + i, hash: blobHash }))
    yield { input: { name: hash, kind: 'transaction', bytes, l1 }, blobs }
  }
}
