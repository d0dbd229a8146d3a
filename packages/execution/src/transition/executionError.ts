import { type Address, codedError, type Hash } from '@keelson/protocol'
import type { RejectionCode } from './types.ts'

/** Why a block or transaction cannot be executed. Codes are stable. */
export class ExecutionError extends codedError('ExecutionError', {
  badTransaction: {
    severity: 'critical',
    text: (d: { hash: Hash; reason: string }) => `transaction ${d.hash} cannot be read: ${d.reason}`,
  },
  forcedTransactionFailed: {
    severity: 'critical',
    text: (d: {
      index: number
      hash: Hash
      type: number
      sender: Address | null
      nonce: bigint
      code: string
      reason: string
    }) =>
      `transaction ${d.index} (${d.hash}, type ${d.type}, sender ${d.sender}, nonce ${d.nonce}) does not apply: ${d.reason}`,
  },
  invalidAttributes: { severity: 'critical', text: (d: { reason: string }) => `attributes: ${d.reason}` },
  invalidBlock: {
    severity: 'critical',
    text: (d: { field: string; expected: string; actual: string }) =>
      `${d.field} is ${d.actual} in the block and ${d.expected} after executing it`,
  },
  systemCallFailed: {
    severity: 'critical',
    text: (d: { contract: Address; reason: string }) => `system call of ${d.contract} failed: ${d.reason}`,
  },
  callRejected: { severity: 'temporary', text: (d: { code: RejectionCode; reason: string }) => d.reason },
  aborted: { severity: 'temporary', text: () => 'execution was aborted' },
}) {}
