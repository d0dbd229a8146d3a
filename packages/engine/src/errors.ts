import type { Hash } from '@keelson/protocol'
import { codedError } from '@keelson/protocol'

/** Why the engine controller could not do what it was asked. Codes are stable: logs, metrics and tests match on them. */
export class EngineError extends codedError('EngineError', {
  unreachable: {
    severity: 'temporary',
    text: (d: { call: string; reason: string }) => `${d.call} did not get an answer from the engine: ${d.reason}`,
  },
  refused: {
    severity: 'temporary',
    text: (d: { call: string; code: number; reason: string }) =>
      `the engine refused ${d.call} (${d.code}): ${d.reason}`,
  },
  buildRefused: {
    severity: 'reset',
    text: (d: { code: number; reason: string }) => `the engine refused to start a block (${d.code}): ${d.reason}`,
  },
  forkchoiceInconsistent: {
    severity: 'reset',
    text: (d: { call: string; head: Hash; safe: Hash; finalized: Hash; reason: string }) =>
      `the engine finds the forkchoice of ${d.call} inconsistent (head ${d.head}, safe ${d.safe}, finalized ${d.finalized}): ${d.reason}`,
  },
  forkchoiceNotAccepted: {
    severity: 'reset',
    text: (d: { head: Hash; status: string; reason: string }) =>
      `the engine did not accept head ${d.head}: ${d.status} ${d.reason}`,
  },
  headLost: {
    severity: 'reset',
    text: (d: { number: bigint; hash: Hash }) => `the engine no longer has our unsafe head ${d.number} (${d.hash})`,
  },
  syncing: {
    severity: 'temporary',
    text: (d: { call: string }) => `the engine is syncing and could not do ${d.call}`,
  },
  unexpectedStatus: {
    severity: 'temporary',
    text: (d: { call: string; status: string; reason: string }) => `${d.call} answered ${d.status}: ${d.reason}`,
  },
  noPayloadId: {
    severity: 'temporary',
    text: (d: { parent: Hash }) => `the engine accepted attributes on ${d.parent} without naming a payload`,
  },
  payloadExpired: {
    severity: 'temporary',
    text: (d: { payloadId: string; reason: string }) => `the engine no longer has payload ${d.payloadId}: ${d.reason}`,
  },
  headsOutOfOrder: {
    severity: 'reset',
    text: (d: { pendingSafe: bigint; unsafe: bigint }) =>
      `pending safe head ${d.pendingSafe} stands above unsafe head ${d.unsafe}`,
  },
  unsafeBelowFinalized: {
    severity: 'critical',
    text: (d: { unsafe: bigint; finalized: bigint }) =>
      `unsafe head ${d.unsafe} would be below finalized head ${d.finalized}`,
  },
  attributesParentMismatch: {
    severity: 'reset',
    text: (d: { parent: Hash; pendingSafe: Hash; number: bigint }) =>
      `attributes build on ${d.parent}, but the pending safe head ${d.number} is ${d.pendingSafe}`,
  },
  unsafeBlockMissing: {
    severity: 'reset',
    text: (d: { number: bigint }) => `the engine has no block ${d.number} although its unsafe head is above it`,
  },
  depositsOnlyInvalid: {
    severity: 'critical',
    text: (d: { parent: Hash; reason: string }) =>
      `attributes with only deposits on ${d.parent} are invalid: ${d.reason}`,
  },
  backupRestoreFailed: {
    severity: 'temporary',
    text: (d: { head: Hash; status: string; reason: string }) =>
      `the engine did not go back to the earlier unsafe head ${d.head}: ${d.status} ${d.reason}`,
  },
  blockHashMismatch: {
    severity: 'temporary',
    text: (d: { expected: Hash; computed: Hash }) =>
      `the engine named block ${d.expected}, but its content hashes to ${d.computed}`,
  },
  malformedAnswer: {
    severity: 'temporary',
    text: (d: { call: string; reason: string }) => `the answer to ${d.call} is malformed: ${d.reason}`,
  },
}) {}

/** Why no sync start was found. Each leads to another reset, with back-off. */
export class SyncStartError extends codedError('SyncStartError', {
  unreachable: {
    severity: 'temporary',
    text: (d: { what: string; reason: string }) => `could not read ${d.what}: ${d.reason}`,
  },
  unsafeHeadMissing: { severity: 'temporary', text: (_: Record<string, never>) => 'the engine has no head block' },
  blockMissing: {
    severity: 'temporary',
    text: (d: { what: string; hash: Hash }) => `the engine has no ${d.what} ${d.hash}`,
  },
  wrongChain: {
    severity: 'reset',
    text: (d: { layer: 'l1' | 'l2'; expected: Hash; found: Hash }) =>
      `wrong chain: ${d.layer} genesis is ${d.found}, expected ${d.expected}`,
  },
  finalizedReorg: {
    severity: 'reset',
    text: (d: { number: bigint; expected: Hash; found: Hash }) =>
      `cannot reorg finalized block ${d.number}: expected ${d.expected}, found ${d.found}`,
  },
  tooDeepReorg: {
    severity: 'reset',
    text: (d: { l1OriginNumber: bigint; previousOriginNumber: bigint }) =>
      `reorg is too deep: L1 origin ${d.l1OriginNumber} is far below ${d.previousOriginNumber}`,
  },
  inconsistentOrigin: {
    severity: 'reset',
    text: (d: { block: Hash; number: bigint; reason: string }) => `L2 block ${d.number} (${d.block}): ${d.reason}`,
  },
}) {}
