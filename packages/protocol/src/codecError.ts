import { codedError } from './errors.ts'

/**
 * Why bytes or JSON could not be read. Whoever reads what L1 or a peer sent treats it as a value (`null`, a counted
 * drop); where it escapes, something that was trusted is broken, hence `critical`.
 */
export class CodecError extends codedError('CodecError', {
  truncated: {
    severity: 'critical',
    text: (d: { what: string; need: number; have: number }) => `${d.what}: ${d.need} bytes needed, ${d.have} there`,
  },
  trailingBytes: {
    severity: 'critical',
    text: (d: { what: string; extra: number }) => `${d.what}: ${d.extra} bytes after the end`,
  },
  wrongLength: {
    severity: 'critical',
    text: (d: { what: string; expected: number; actual: number }) =>
      `${d.what}: ${d.actual} bytes instead of ${d.expected}`,
  },
  badHex: { severity: 'critical', text: (d: { text: string }) => `not a hex string of whole bytes: ${d.text}` },
  badRlp: { severity: 'critical', text: (d: { reason: string }) => `bad RLP: ${d.reason}` },
  badTransaction: { severity: 'critical', text: (d: { reason: string }) => `bad transaction: ${d.reason}` },
  unknownTxType: { severity: 'critical', text: (d: { type: number }) => `unknown transaction type ${d.type}` },
  badDeposit: { severity: 'critical', text: (d: { reason: string }) => `bad deposit: ${d.reason}` },
  badL1Info: { severity: 'critical', text: (d: { reason: string }) => `bad L1 attributes: ${d.reason}` },
  badExtraData: { severity: 'critical', text: (d: { reason: string }) => `bad extra data: ${d.reason}` },
  badPayload: { severity: 'critical', text: (d: { reason: string }) => `bad payload: ${d.reason}` },
  badProof: { severity: 'critical', text: (d: { reason: string }) => `bad proof: ${d.reason}` },
  badJson: {
    severity: 'critical',
    text: (d: { path: string; reason: string }) => (d.path ? `${d.path}: ${d.reason}` : d.reason),
  },
}) {}
