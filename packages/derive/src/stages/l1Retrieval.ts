import { type L1BlockRef, tryDecodeBlob } from '@keelson/protocol'
import { DerivationError } from '../errors.ts'
import type { BlobProvider, L1Provider } from '../providers.ts'
import { again, type Pull, ready, type Stage } from '../stage.ts'
import { type BatcherData, findBatcherData } from './batcherData.ts'
import { report, type StageContext } from './context.ts'
import type { L1Step } from './l1Traversal.ts'

/** The bytes of one batcher transaction, or of one blob: one batcher payload. */
export type BatcherPayload = { readonly bytes: Uint8Array; readonly txIndex: number; readonly blobIndex?: number }

/**
 * Reads the batcher's data out of L1 blocks: calldata and blobs, in the order of transactions and of blobs within one.
 *
 * Invalid blobs are left out; a blob that no source has is a reset, never empty data.
 *
 * @throws {DerivationError} `l1BlockMissing`, `blobsMissing`, `blobsNotMatching`, `noBlobSource`
 * @see specs/protocol/derivation.md#l1-retrieval
 */
export function l1Retrieval(
  ctx: StageContext,
  blocks: Stage<L1Step>,
  l1: Pick<L1Provider, 'getTransactions'>,
  blobs: BlobProvider | undefined,
): Stage<BatcherPayload> {
  /** The block whose data could not be fetched yet: it is given by traversal only once. */
  let open: L1Step | null = null
  let payloads: BatcherPayload[] = []
  let next = 0

  async function load({ block, systemConfig }: L1Step): Promise<BatcherPayload[]> {
    const transactions = await l1.getTransactions(block.hash)
    if (!transactions) throw new DerivationError('l1BlockMissing', { block, what: 'transactions' })
    const found = findBatcherData(ctx, block, transactions, systemConfig.batcherAddress)
    const fetched = await fetchBlobs(block, found, blobs)
    const loaded: BatcherPayload[] = []
    for (const data of found) {
      if (data.kind === 'calldata') {
        loaded.push({ bytes: data.bytes, txIndex: data.txIndex })
        continue
      }
      const bytes = tryDecodeBlob(fetched.get(data.index) as Uint8Array)
      const at = { txIndex: data.txIndex, blobIndex: data.index }
      if (bytes) loaded.push({ bytes, ...at })
      else {
        const reason = `blob ${data.index} (${data.hash}) is not validly encoded`
        const evidence = () => ({ subject: 'payload' as const, ...at, length: 0 })
        report(ctx, { outcome: 'dropped', rule: 'DER-056', reason }, evidence, 'payload')
      }
    }
    return loaded
  }

  return {
    async pull(): Promise<Pull<BatcherPayload>> {
      const payload = payloads[next]
      if (payload) {
        next++
        return ready(payload)
      }
      if (!open) {
        const step = await blocks.pull()
        if (step.status !== 'ready') return step
        open = step.value
      }
      payloads = await load(open)
      next = 0
      open = null
      return again
    },
    reset() {
      open = null
      payloads = []
      next = 0
    },
  }
}

async function fetchBlobs(
  block: L1BlockRef,
  found: readonly BatcherData[],
  source: BlobProvider | undefined,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const wanted = found.filter((data) => data.kind === 'blob').map(({ index, hash }) => ({ index, hash }))
  if (wanted.length === 0) return new Map()
  if (!source) throw new DerivationError('noBlobSource', { block })
  const blobs = await source.getBlobs(block, wanted)
  if (!blobs) throw new DerivationError('blobsMissing', { block, hashes: wanted.map(({ hash }) => hash) })
  if (blobs.length !== wanted.length) {
    throw new DerivationError('blobsNotMatching', { block, expected: wanted.length, actual: blobs.length })
  }
  return new Map(wanted.map(({ index }, i) => [index, blobs[i] as Uint8Array]))
}
