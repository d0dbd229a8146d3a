import { codedError, type Hash } from '@keelson/protocol'

/** Why the chain store cannot be used. Codes are stable. */
export class ChainError extends codedError('ChainError', {
  databaseUnusable: {
    severity: 'critical',
    text: (d: { folder: string; reason: string }) => `cannot open the chain in ${d.folder}: ${d.reason}`,
  },
  genesisMismatch: {
    severity: 'critical',
    text: (d: { expected: Hash; found: Hash }) =>
      `the chain on disk begins with genesis ${d.found}, the genesis given is ${d.expected}; use another data folder`,
  },
  formatUnknown: {
    severity: 'critical',
    text: (d: { found: number; expected: number }) =>
      `the chain on disk has format ${d.found}, this version reads ${d.expected}`,
  },
  blockMissing: { severity: 'critical', text: (d: { hash: Hash }) => `block ${d.hash} is not in the store` },
  badGenesisFile: {
    severity: 'critical',
    text: (d: { reason: string }) => `genesis cannot be used: ${d.reason}`,
  },
}) {}
