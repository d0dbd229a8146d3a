import { codedError, type Hash } from '@keelson/protocol'

/** Why something asked of L1 could not be had or must not be believed. Codes are stable: logs, metrics and tests match on them. */
export class L1Error extends codedError('L1Error', {
  unavailable: {
    severity: 'temporary',
    text: (d: { what: string; reason: string }) => `L1 did not give ${d.what}: ${d.reason}`,
  },
  badHeader: {
    severity: 'temporary',
    text: (d: { expected: string; actual: string }) =>
      `L1 answered a header that hashes to ${d.actual}, not ${d.expected}`,
  },
  badBlock: {
    severity: 'temporary',
    text: (d: { hash: Hash; list: 'transactions' | 'withdrawals' | 'receipts'; reason: string }) =>
      `L1 answered ${d.list} of block ${d.hash} that do not belong to it: ${d.reason}`,
  },
  badProof: {
    severity: 'temporary',
    text: (d: { address: string; reason: string }) =>
      `L1 answered a storage proof of ${d.address} that does not hold: ${d.reason}`,
  },
  badBlob: {
    severity: 'temporary',
    text: (d: { slot: bigint; hash: Hash; reason: string }) =>
      `the beacon node's blob ${d.hash} of slot ${d.slot} is wrong: ${d.reason}`,
  },
  wrongChain: {
    severity: 'critical',
    text: (d: { expected: bigint; actual: bigint }) =>
      `the L1 RPC serves chain ${d.actual}, but l1_chain_id is ${d.expected}`,
  },
}) {}

/** Why a transaction did not reach L1. */
export class TxError extends codedError('TxError', {
  closed: { severity: 'temporary', text: (_: Record<string, never>) => 'the transaction manager is closed' },
  unsendable: {
    severity: 'temporary',
    text: (d: { reason: string }) => `the transaction cannot be sent: ${d.reason}`,
  },
  reverted: {
    severity: 'temporary',
    text: (d: { reason: string }) => `the transaction would fail on L1: ${d.reason}`,
  },
  feeLimit: {
    severity: 'temporary',
    text: (d: { feeCap: bigint; limit: bigint }) => `a fee of ${d.feeCap} wei exceeds the limit of ${d.limit} wei`,
  },
  timedOut: {
    severity: 'temporary',
    text: (d: { timeoutMs: number }) => `the transaction has no confirmations after ${d.timeoutMs} ms`,
  },
  replaced: {
    severity: 'temporary',
    text: (d: { nonce: number }) => `another transaction took nonce ${d.nonce} of the account`,
  },
}) {}
