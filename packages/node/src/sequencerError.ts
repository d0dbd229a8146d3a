import { type BlockId, codedError, type Hash } from '@keelson/protocol'

/** Why sequencing was not started or stopped. The texts are op-node's: scripts match on them. */
export class SequencerError extends codedError('SequencerError', {
  notEnabled: { severity: 'temporary', text: (_: Record<string, never>) => 'sequencer is not enabled' },
  alreadyRunning: { severity: 'temporary', text: (_: Record<string, never>) => 'sequencer already running' },
  notRunning: { severity: 'temporary', text: (_: Record<string, never>) => 'sequencer not running' },
  notLeader: { severity: 'temporary', text: (_: Record<string, never>) => 'sequencer is not the leader, aborting' },
  noPrestate: {
    severity: 'temporary',
    text: (d: { head: Hash }) => `no prestate, cannot determine if sequencer start at ${d.head} is safe`,
  },
  headMismatch: {
    severity: 'temporary',
    text: (d: { head: BlockId; received: Hash }) =>
      `block hash does not match: head ${d.head.hash}:${d.head.number}, received ${d.received}`,
  },
}) {}
