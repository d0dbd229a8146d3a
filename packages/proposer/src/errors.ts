import { codedError, type Hash } from '@keelson/protocol'

/** Why an output must not be proposed. */
export class ProposerError extends codedError('ProposerError', {
  badVersion: {
    severity: 'temporary',
    text: (d: { version: Hash }) => `the node answered an output of version ${d.version}; only version 0 is known`,
  },
  wrongBlock: {
    severity: 'temporary',
    text: (d: { asked: bigint; answered: bigint }) =>
      `the node answered the output of block ${d.answered} when asked for ${d.asked}`,
  },
  wrongRoot: {
    severity: 'temporary',
    text: (d: { block: bigint; answered: Hash; computed: Hash }) =>
      `the node's output root ${d.answered} of block ${d.block} does not follow from its parts, which give ${d.computed}`,
  },
}) {}
