import { type BlockId, codedError, type Hash } from '@keelson/protocol'

const id = (block: BlockId) => `${block.number} (${block.hash})`

/** Why derivation cannot go on. Codes are stable: logs, metrics and tests match on them. */
export class DerivationError extends codedError('DerivationError', {
  notReset: { severity: 'reset', text: () => 'the pipeline has no starting point yet' },
  l1Reorg: {
    severity: 'reset',
    text: (d: { origin: BlockId; next: BlockId; parentHash: Hash }) =>
      `L1 block ${id(d.next)} has parent ${d.parentHash}, not the block before it, ${id(d.origin)}`,
  },
  l1BlockMissing: {
    severity: 'reset',
    text: (d: { block: BlockId; what: string }) => `L1 no longer has the ${d.what} of block ${id(d.block)}`,
  },
  blobsMissing: {
    severity: 'reset',
    text: (d: { block: BlockId; hashes: readonly Hash[] }) =>
      `no source has all of the ${d.hashes.length} blobs of L1 block ${id(d.block)}`,
  },
  blobsNotMatching: {
    severity: 'reset',
    text: (d: { block: BlockId; expected: number; actual: number }) =>
      `${d.actual} blobs given for the ${d.expected} asked of L1 block ${id(d.block)}`,
  },
  noBlobSource: {
    severity: 'critical',
    text: (d: { block: BlockId }) =>
      `L1 block ${id(d.block)} carries blobs of the batcher, but there is no blob source`,
  },
  originMismatch: {
    severity: 'reset',
    text: (d: { parentOrigin: BlockId; firstKnown: BlockId }) =>
      `safe head has L1 origin ${id(d.parentOrigin)}, the first L1 block known is ${id(d.firstKnown)}`,
  },
  tooFewOrigins: {
    severity: 'critical',
    text: (d: { parentOrigin: BlockId; origin: BlockId }) =>
      `at L1 block ${id(d.origin)} only one L1 block is known from the safe head's origin ${id(d.parentOrigin)} on`,
  },
  batchNotNext: {
    severity: 'reset',
    text: (d: { parent: BlockId; batchParent: Hash; expectedTimestamp: bigint; timestamp: bigint }) =>
      `accepted batch (parent ${d.batchParent}, time ${d.timestamp}) does not follow ${id(d.parent)} at ${d.expectedTimestamp}`,
  },
  epochNotNext: {
    severity: 'reset',
    text: (d: { parentOrigin: BlockId; epoch: BlockId; epochParentHash: Hash }) =>
      `epoch ${id(d.epoch)}, child of ${d.epochParentHash}, does not follow the parent's ${id(d.parentOrigin)}`,
  },
  epochHashMismatch: {
    severity: 'reset',
    text: (d: { parentOrigin: BlockId; epoch: BlockId }) =>
      `epoch ${id(d.epoch)} is not the parent's ${id(d.parentOrigin)}`,
  },
  timeBeforeOrigin: {
    severity: 'reset',
    text: (d: { parent: BlockId; timestamp: bigint; epoch: BlockId; epochTimestamp: bigint }) =>
      `the block after ${id(d.parent)} at ${d.timestamp} is older than its L1 origin ${id(d.epoch)} at ${d.epochTimestamp}`,
  },
  systemConfigMissing: {
    severity: 'temporary',
    text: (d: { block: BlockId }) => `the system config of L2 block ${id(d.block)} is not available`,
  },
  badDeposits: {
    severity: 'critical',
    text: (d: { block: BlockId }) => `a deposit of L1 block ${id(d.block)} cannot be read`,
  },
  badL1Attributes: {
    severity: 'critical',
    text: (d: { parent: BlockId; epoch: BlockId }) =>
      `the L1 attributes of the block after ${id(d.parent)} with L1 origin ${id(d.epoch)} cannot be made`,
  },
  l2BlockMissing: {
    severity: 'reset',
    text: (d: { block: BlockId }) => `L2 block ${id(d.block)} is missing on the way back to the channel timeout`,
  },
  noAttributesToReplace: {
    severity: 'reset',
    text: (d: { parent: BlockId; derivedFrom: BlockId }) =>
      `the attributes on ${id(d.parent)} derived from L1 block ${id(d.derivedFrom)} are not the last ones given`,
  },
  l2ReadFailed: {
    severity: 'temporary',
    text: (d: { number: bigint }) => `L2 block ${d.number} of the safe chain could not be read`,
  },
}) {}
