import { codedError } from '@keelson/protocol'

/** Why a genesis file cannot be used. */
export class GenesisError extends codedError('GenesisError', {
  badField: { severity: 'critical', text: (d: { path: string; reason: string }) => `genesis: ${d.path} ${d.reason}` },
}) {}
