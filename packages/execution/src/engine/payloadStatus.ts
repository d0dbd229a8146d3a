import type { Hash, PayloadStatus } from '@keelson/protocol'

/** The answers of the Engine API to a block. */
export const valid = (latestValidHash: Hash): PayloadStatus => ({
  status: 'VALID',
  latestValidHash,
  validationError: null,
})

export const invalid = (validationError: string, latestValidHash: Hash | null): PayloadStatus => ({
  status: 'INVALID',
  latestValidHash,
  validationError,
})

/** The block's ancestors are not here. */
export const SYNCING: PayloadStatus = { status: 'SYNCING', latestValidHash: null, validationError: null }

/** The block's hash is right, and it cannot be executed here and now. */
export const ACCEPTED: PayloadStatus = { status: 'ACCEPTED', latestValidHash: null, validationError: null }
