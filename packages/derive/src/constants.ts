import {
  isForkActive,
  MAX_RLP_BYTES_PER_CHANNEL,
  MAX_RLP_BYTES_PER_CHANNEL_FJORD,
  type RollupConfig,
} from '@keelson/protocol'

/** Bytes of frames kept in the channel bank, before Fjord. */
export const MAX_CHANNEL_BANK_SIZE = 100_000_000
export const MAX_CHANNEL_BANK_SIZE_FJORD = 1_000_000_000
/** L1 blocks that a channel may stay open, from Granite. */
export const CHANNEL_TIMEOUT_GRANITE = 50n
/** Seconds, from Fjord. */
export const MAX_SEQUENCER_DRIFT_FJORD = 1_800n

type Config = Pick<RollupConfig, 'forks' | 'channelTimeout' | 'maxSequencerDrift'>

/** Bytes that a channel may unfold to; the rest is lost. @param l1Timestamp - of the pipeline's L1 block */
export const maxRlpBytesPerChannel = (config: Config, l1Timestamp: bigint): number =>
  isForkActive(config, 'fjord', l1Timestamp) ? MAX_RLP_BYTES_PER_CHANNEL_FJORD : MAX_RLP_BYTES_PER_CHANNEL

/** @param l1Timestamp - of the pipeline's L1 block */
export const maxChannelBankSize = (config: Config, l1Timestamp: bigint): number =>
  isForkActive(config, 'fjord', l1Timestamp) ? MAX_CHANNEL_BANK_SIZE_FJORD : MAX_CHANNEL_BANK_SIZE

/** L1 blocks that a channel may stay open. @param l1Timestamp - of the L1 block that includes the frame */
export const channelTimeout = (config: Config, l1Timestamp: bigint): bigint =>
  isForkActive(config, 'granite', l1Timestamp) ? CHANNEL_TIMEOUT_GRANITE : config.channelTimeout

/** Seconds that L2 may run ahead of its L1 origin. @param originTimestamp - of the batch's own L1 origin */
export const maxSequencerDrift = (config: Config, originTimestamp: bigint): bigint =>
  isForkActive(config, 'fjord', originTimestamp) ? MAX_SEQUENCER_DRIFT_FJORD : config.maxSequencerDrift
