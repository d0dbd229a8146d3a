import type { Address, Hash, Hex, L1BlockRef } from '@keelson/protocol'

/** A rule of the derivation checklist, such as `DER-065`. */
export type RuleId = `DER-${string}`

/**
 * - `accepted`: used.
 * - `future`: kept, judged again when the safe head has moved.
 * - `past`: skipped without harm to what follows.
 * - `undecided`: more L1 blocks are needed. Kept for them before Holocene, let go from then on.
 * - `dropped`: gone for good.
 */
export type Outcome = 'accepted' | 'future' | 'past' | 'undecided' | 'dropped'

type Judged = {
  readonly outcome: Outcome
  /** The rule that decided. */
  readonly rule: RuleId
  /** A sentence with the values that decided. */
  readonly reason: string
  /** The L1 block the pipeline stood on. */
  readonly origin: L1BlockRef
}

/** An L1 transaction sent to the batch inbox; `sender` is null where the signature gives none. */
export type TransactionVerdict = Judged & {
  readonly subject: 'transaction'
  readonly txIndex: number
  readonly txHash: Hash
  readonly txType: number
  readonly sender: Address | null
}

/** The data of one batcher transaction or of one blob. */
export type PayloadVerdict = Judged & {
  readonly subject: 'payload'
  readonly txIndex: number
  /** Position among the blobs of the L1 block; absent for calldata. */
  readonly blobIndex?: number
  readonly length: number
}

export type FrameVerdict = Judged & {
  readonly subject: 'frame'
  readonly channelId: Hex
  readonly frameNumber: number
  readonly dataLength: number
  readonly isLast: boolean
}

export type ChannelVerdict = Judged & {
  readonly subject: 'channel'
  readonly channelId: Hex
  readonly openBlock: bigint
  readonly frameCount: number
  readonly sizeBytes: number
}

export type BatchVerdict = Judged & {
  readonly subject: 'batch'
  /** `unknown` where it could not be decoded. `empty`: made by derivation at the end of a sequencing window. */
  readonly batchType: 'singular' | 'span' | 'empty' | 'unknown'
  /** Of the first block; null where it could not be decoded. */
  readonly timestamp: bigint | null
  readonly epochNumber: bigint | null
  readonly blockCount: number
  readonly txCount: number
  /** Where the batch was completed, which may be before `origin`. */
  readonly inclusion: L1BlockRef
}

export type Verdict = TransactionVerdict | PayloadVerdict | FrameVerdict | ChannelVerdict | BatchVerdict

/** Who wants to know what became of everything on L1. Absent, nothing of it is computed. */
export interface DerivationObserver {
  verdict(verdict: Verdict): void
  /** The pipeline moved to another L1 block (also by a reset). */
  originMoved?(origin: L1BlockRef): void
}
