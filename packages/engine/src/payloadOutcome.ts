import {
  type ExecutionPayloadEnvelope,
  type L2BlockRef,
  type PayloadAttributes,
  type PayloadId,
  type PayloadStatus,
  payloadToL2BlockRef,
  type RollupConfig,
} from '@keelson/protocol'
import { errorText } from '@keelson/service'
import { EngineError } from './errors.ts'

/** Attributes or a payload that the engine will not have, as a value: the caller decides what takes their place. */
export type Invalid = { readonly kind: 'invalid'; readonly reason: string }

/** A block that the engine is building. */
export type BuildJob = {
  readonly id: PayloadId
  readonly parent: L2BlockRef
  readonly attributes: PayloadAttributes
  /** Clock time at which it was started. */
  readonly startedMs: number
}

export type StartOutcome = { readonly kind: 'started'; readonly job: BuildJob } | Invalid
export type SealedBlock = { readonly envelope: ExecutionPayloadEnvelope; readonly ref: L2BlockRef }
export type SealOutcome = ({ readonly kind: 'sealed' } & SealedBlock) | Invalid
export type InsertOutcome = { readonly kind: 'inserted'; readonly ref: L2BlockRef } | Invalid

/**
 * - `consolidated`: the unsafe block already there is what L1 says.
 * - `built`: a new block was built from the attributes.
 * - `replaced`: a new block was built from their deposits; the rest of the channel must be flushed (Holocene).
 * - `invalid`: dropped; the next batch for this timestamp is to be tried.
 * - `stale`: the heads have moved past these attributes, or back below them.
 */
export type DerivedOutcome = 'consolidated' | 'built' | 'replaced' | 'invalid' | 'stale'

export type UnsafeQueueOutcome = 'empty' | 'waiting' | 'inserted' | 'dropped'

/** What is wrong with a payload by the engine's answer to it, or `null`: nothing, or the engine cannot say yet. */
export function invalidStatus({ status, validationError }: PayloadStatus): Invalid | null {
  if (status !== 'INVALID' && status !== 'INVALID_BLOCK_HASH') return null
  return { kind: 'invalid', reason: validationError ?? status }
}

/**
 * Like {@link invalidStatus}, where there is no third answer.
 *
 * @throws {EngineError} `unexpectedStatus`: neither valid nor invalid
 */
export function judgeStatus(call: string, payloadStatus: PayloadStatus): Invalid | null {
  const invalid = invalidStatus(payloadStatus)
  const { status, validationError } = payloadStatus
  if (invalid || status === 'VALID') return invalid
  throw new EngineError('unexpectedStatus', { call, status, reason: validationError ?? '' })
}

/** Goes on with the ref of a payload; one that has none, because its L1 info cannot be read, is invalid. */
export function withRef<T>(
  config: RollupConfig,
  { executionPayload }: ExecutionPayloadEnvelope,
  use: (ref: L2BlockRef) => T,
): T | Invalid {
  let ref: L2BlockRef
  try {
    ref = payloadToL2BlockRef(config, executionPayload)
  } catch (error) {
    return { kind: 'invalid', reason: errorText(error) }
  }
  return use(ref)
}
