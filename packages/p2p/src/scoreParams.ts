import type { GossipsubOpts } from '@libp2p/gossipsub'

/** Slots of an epoch, for the decay of scores. */
const SLOTS_PER_EPOCH = 6
/** What a counter has decayed to after the time it is given. */
const DECAYED_TO = 0.01

/** Factor per slot that takes a counter to a hundredth in that many epochs. */
export const decayPerSlot = (epochs: number): number => DECAYED_TO ** (1 / (epochs * SLOTS_PER_EPOCH))

/** Seconds of a slot: the block time, or 2 where a chain has none. */
export const slotSeconds = (blockTime: bigint): number => (blockTime > 0n ? Number(blockTime) : 2)

/** op-node's `light` scoring: no topic scores, the application's score as it is. */
export function lightScoreParams(
  blockTime: bigint,
  appSpecificScore: (peerId: string) => number,
): NonNullable<GossipsubOpts['scoreParams']> {
  const slotMs = slotSeconds(blockTime) * 1000
  return {
    topics: {},
    appSpecificScore,
    appSpecificWeight: 1,
    IPColocationFactorWeight: -35,
    IPColocationFactorThreshold: 10,
    behaviourPenaltyWeight: -16,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: decayPerSlot(10),
    decayInterval: slotMs,
    decayToZero: DECAYED_TO,
    retainScore: 100 * SLOTS_PER_EPOCH * slotMs,
  }
}

/** Nothing counts: every peer has score 0. */
export const noScoreParams: NonNullable<GossipsubOpts['scoreParams']> = {
  topics: {},
  appSpecificWeight: 0,
  IPColocationFactorWeight: 0,
  behaviourPenaltyWeight: 0,
}

/** op-node's thresholds. */
export const SCORE_THRESHOLDS = {
  gossipThreshold: -10,
  publishThreshold: -40,
  graylistThreshold: -40,
  acceptPXThreshold: 20,
  opportunisticGraftThreshold: 0.05,
} as const
