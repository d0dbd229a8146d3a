import {
  type BlobProvider,
  createDerivationPipeline,
  type L1Provider,
  type L2Provider,
  type ResetBase,
  type Verdict,
} from '@keelson/derive'
import type { L2BlockRef, RollupConfig } from '@keelson/protocol'
import type { DecodeReport } from './report.ts'

export type VerdictQuery = {
  readonly config: RollupConfig
  readonly l1: L1Provider
  readonly blobs: BlobProvider | undefined
  readonly l2: L2Provider
  /** Where derivation starts: what is at or before it is `past`. */
  readonly safeHead: L2BlockRef
  /** Where L1 is read from, when it is known; else derivation goes back far enough by itself. */
  readonly base?: ResetBase
  /** L1 blocks whose verdicts are wanted. */
  readonly from: bigint
  readonly to: bigint
  readonly signal: AbortSignal
}

export type DerivedVerdicts = {
  readonly verdicts: readonly Verdict[]
  readonly safeHead: L2BlockRef
  /** The last block that the L1 data up to `to` made safe. */
  readonly derivedTo: L2BlockRef
  /** Why derivation ended before `to`, if it did. */
  readonly stopped?: string
}

/**
 * Runs the derivation pipeline over L1 and collects what it says of everything. The blocks that it would build are taken
 * from the L2 chain as it is.
 */
export async function derivedVerdicts(query: VerdictQuery): Promise<DerivedVerdicts> {
  const { config, l1, l2, blobs, from, to, signal } = query
  const verdicts: Verdict[] = []
  const observer = {
    verdict(verdict: Verdict) {
      if (verdict.origin.number >= from && verdict.origin.number <= to) verdicts.push(verdict)
    },
  }
  const bounded: L1Provider = {
    getBlockRefByNumber: async (number, call) => (number > to ? null : l1.getBlockRefByNumber(number, call)),
    getBlockInfo: (hash, call) => l1.getBlockInfo(hash, call),
    getTransactions: (hash, call) => l1.getTransactions(hash, call),
    getReceipts: (hash, call) => l1.getReceipts(hash, call),
  }
  const pipeline = createDerivationPipeline({ config, l1: bounded, blobs, l2, observer })
  let safe = query.safeHead
  const end = (stopped?: string): DerivedVerdicts => ({
    verdicts,
    safeHead: query.safeHead,
    derivedTo: safe,
    ...(stopped !== undefined && { stopped }),
  })
  if (query.base) pipeline.resetTo(query.base)
  else await pipeline.reset(safe)
  for (;;) {
    signal.throwIfAborted()
    const pulled = await pipeline.step(safe)
    if (pulled.status === 'drained') return end()
    if (pulled.status === 'again') continue
    const { attributes } = pulled.value
    const next = await l2.getL2BlockRefByNumber(safe.number + 1n, { signal })
    if (!next) return end(`L2 has no block ${safe.number + 1n} yet`)
    if (next.parentHash !== safe.hash || next.timestamp !== attributes.timestamp) {
      return end(`L2 block ${next.number} (${next.hash}) is not the one that L1 makes after ${safe.hash}`)
    }
    safe = next
  }
}

/** The block before the first one that the complete channels of a report hold; `null` when there is none. */
export function firstBlockBefore({ channels }: DecodeReport, config: RollupConfig): bigint | null {
  let first: bigint | null = null
  for (const { state, batches } of channels) {
    if (state !== 'complete') continue
    for (const batch of batches) {
      const number = batch.type === 'singular' ? batch.l2Number : batch.blocks?.[0]?.l2Number
      if (number !== undefined && (first === null || number < first)) first = number
    }
  }
  if (first === null) return null
  const before = first - 1n
  return before < config.genesis.l2.number ? config.genesis.l2.number : before
}
