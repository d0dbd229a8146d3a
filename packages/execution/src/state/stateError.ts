import { codedError, type Hash } from '@keelson/protocol'

/** Why a state cannot be read. Codes are stable. */
export class StateError extends codedError('StateError', {
  nodeMissing: {
    severity: 'critical',
    text: (d: { hash: Hash; what: 'trie node' | 'code' }) => `${d.what} ${d.hash} is not in the store`,
  },
  badNode: {
    severity: 'critical',
    text: (d: { hash: Hash; reason: string }) => `trie node ${d.hash} cannot be read: ${d.reason}`,
  },
}) {}
