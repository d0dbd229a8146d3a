import type { Verdict } from '@keelson/derive'
import type { Address, Hash, Hex } from '@keelson/protocol'

/** Why something is not what it should be. `at` is a byte offset into the thing named beside it. */
export type Problem = { readonly code: string; readonly rule: string; readonly at: number; readonly text: string }

/**
 * What derivation would make of it, as far as the data at hand tells. `open`: it depends on the safe head, which is not
 * known here.
 */
export type Judgement = {
  readonly outcome: 'dropped' | 'open' | 'past'
  readonly rule: string
  readonly reason: string
}

/** Where data stood on L1. */
export type L1Place = {
  readonly blockNumber: bigint
  readonly blockHash: Hash
  readonly timestamp: bigint
  readonly txHash: Hash
  readonly txIndex: number
  readonly from: Address | null
  readonly to: Address | null
}

export type FrameReport = {
  readonly channelId: Hex
  readonly frameNumber: number
  readonly dataLength: number
  readonly isLast: boolean
  /** Offset in the payload. */
  readonly at: number
}

/** One batcher payload, and where it came from. */
export type SourceReport = {
  readonly name: string
  readonly kind: 'payload' | 'blob' | 'transaction' | 'frame' | 'channel' | 'span'
  readonly length: number
  readonly l1?: L1Place
  /** Of a decoded blob. */
  readonly payloadLength?: number
  /** Versioned hashes of the blobs that hold the data of a blob transaction. */
  readonly blobVersionedHashes?: readonly Hash[]
  readonly frames: readonly FrameReport[]
  readonly problem?: Problem
  readonly verdict?: Judgement
}

export type TxReport = {
  readonly hash: Hash
  readonly type: number
  readonly from?: Address | null
  readonly to: Address | null
  readonly nonce: bigint
  readonly value: bigint
  readonly gas: bigint
  readonly dataLength: number
  readonly raw?: Hex
}

export type BlockReport = {
  readonly l2Number?: bigint
  readonly timestamp: bigint
  readonly epochNum: bigint
  readonly txCount: number
  readonly txRoot?: Hash
  readonly txHashes?: readonly Hash[]
  readonly transactions?: readonly (TxReport | { readonly hash: Hash; readonly unreadable: string })[]
}

export type BatchReport =
  | ({
      readonly type: 'singular'
      readonly parentHash: Hash
      readonly epochHash: Hash
      readonly size: number
      readonly verdict?: Judgement
    } & BlockReport)
  | {
      readonly type: 'span'
      readonly size: number
      readonly relTimestamp: bigint
      readonly l1OriginNum: bigint
      readonly parentCheck: Hex
      readonly l1OriginCheck: Hex
      readonly blockCount: number
      /** One character per block, first block first. */
      readonly originBits: string
      readonly blockTxCounts: readonly number[]
      readonly totalTxs: number
      readonly txTypes: Readonly<Record<string, number>>
      readonly legacyUnprotected: number
      readonly contractCreations: number
      /** Absent where no chain is named: timestamps and transactions of a span need its constants. */
      readonly blocks?: readonly BlockReport[]
      readonly problem?: Problem
      readonly verdict?: Judgement
    }

export type ChannelReport = {
  readonly id: Hex
  /** `partial`: frames are missing; what could be read of it is shown. */
  readonly state: 'complete' | 'partial'
  readonly frameCount: number
  /** Numbers of frames that are missing below the highest one seen; whether later ones are missing too, `closed` says. */
  readonly missingFrames: readonly number[]
  readonly closed: boolean
  readonly duplicateFrames: number
  /** L1 block of the first frame seen. */
  readonly openedAt?: bigint
  /** L1 block of the frame seen last. */
  readonly includedAt?: bigint
  readonly compression: 'zlib' | 'brotli' | null
  readonly compressedLength: number
  readonly decompressedLength: number
  readonly batchCount: number
  readonly batches: readonly BatchReport[]
  /** Why reading ended, when it was not the end of the data. Offsets count unpacked bytes. */
  readonly problem?: Problem
  readonly verdict?: Judgement
}

export type DecodeReport = {
  readonly chain?: string
  readonly sources: readonly SourceReport[]
  readonly channels: readonly ChannelReport[]
  /** What the derivation pipeline made of it, where an L2 chain was there to ask. */
  readonly derivation?: DerivationReport
}

export type DerivationReport = {
  readonly safeHead: bigint
  readonly derivedTo: bigint
  readonly stopped?: string
  readonly verdicts: readonly Verdict[]
}
