import { txManagerFlags } from '@keelson/l1'
import { defineFlags, type FlagValues, flag } from '@keelson/service'
import { logFlags, metricsFlags } from '@keelson/service/node'

/**
 * op-batcher's flags. Two defaults are other than op-batcher's, since no chain would want those today: span batches, and blobs.
 */
export const batcherFlags = {
  main: defineFlags('', {
    l1EthRpc: flag.url({ required: true, help: 'L1 execution RPC.' }),
    l2EthRpc: flag.list({ required: true, help: 'L2 execution RPC of the sequencer; several for several sequencers.' }),
    rollupRpc: flag.list({ required: true, help: 'RPC of the rollup node; as many as l2-eth-rpc, in the same order.' }),
    pollInterval: flag.duration({ default: 6_000, help: 'How often new L2 blocks are looked for.' }),
    subSafetyMargin: flag.uint64({
      default: 10n,
      unit: 'L1 blocks',
      help: 'Margin before a channel or batch would be too late.',
    }),
    maxPendingTx: flag.integer({ default: 1, min: 0, help: 'Transactions on their way at once; 0: any number.' }),
    maxChannelDuration: flag.uint64({
      default: 0n,
      unit: 'L1 blocks',
      help: 'How long a channel may stay open; 0: until it is full (at most 1,800).',
    }),
    maxL1TxSizeBytes: flag.integer({
      default: 120_000,
      min: 100,
      help: 'Bytes of one calldata transaction; of no account for blobs.',
    }),
    maxBlocksPerSpanBatch: flag.integer({ default: 0, min: 0, help: 'Blocks of one span batch; 0: any number.' }),
    targetNumFrames: flag.integer({
      default: 1,
      min: 1,
      help: 'Frames of a channel, and blobs of a transaction (at most 6).',
    }),
    approxComprRatio: flag.float({
      default: 0.6,
      min: 0,
      max: 1,
      hidden: true,
      help: "Accepted for op-batcher's sake; sizes are measured here.",
    }),
    compressor: flag.enum({
      values: ['shadow', 'ratio', 'none'],
      default: 'shadow',
      hidden: true,
      help: "Accepted for op-batcher's sake; shadow is what is done.",
    }),
    compressionAlgo: flag.enum({
      values: ['zlib', 'brotli', 'brotli-9', 'brotli-10', 'brotli-11'],
      default: 'zlib',
      help: 'Compression of channels; brotli from Fjord on.',
    }),
    batchType: flag.integer({
      default: 1,
      min: 0,
      max: 1,
      help: '0: singular batches, 1: span batches from Delta on.',
    }),
    dataAvailabilityType: flag.enum({
      values: ['blobs', 'calldata', 'auto'],
      default: 'blobs',
      help: 'How data goes to L1; auto: what is cheaper.',
    }),
    stopped: flag.boolean({ default: false, help: 'Does not start before admin_startBatcher.' }),
    waitNodeSync: flag.boolean({
      default: false,
      help: 'Waits at the start until the rollup node has derived L1 up to its head.',
    }),
    checkRecentTxsDepth: flag.integer({
      default: 0,
      min: 0,
      max: 128,
      unit: 'L1 blocks',
      help: 'With wait-node-sync: how far back the last own transaction is looked for, to wait no longer than needed.',
    }),
    activeSequencerCheckDuration: flag.duration({
      default: 5_000,
      help: 'How often the active one of several sequencers is looked for.',
    }),
  }),
  rpc: defineFlags('rpc', {
    addr: flag.string({ default: '127.0.0.1', help: 'Address the admin RPC listens on.' }),
    port: flag.integer({ default: 8545, min: 0, max: 65535, help: 'Port of the admin RPC.' }),
    enableAdmin: flag.boolean({ default: false, help: 'Serves the admin_ methods.' }),
  }),
  throttle: defineFlags('throttle', {
    controllerType: flag.enum({
      values: ['step', 'linear', 'quadratic', 'pid'],
      default: 'quadratic',
      help: 'How the limits follow the backlog.',
    }),
    additionalEndpoints: flag.list({ help: 'More engines to be throttled.' }),
    unsafeDaBytesLowerThreshold: flag.integer({
      default: 3_200_000,
      min: 0,
      unit: 'bytes',
      help: 'Backlog at which throttling begins; 0: never.',
    }),
    unsafeDaBytesUpperThreshold: flag.integer({
      default: 12_800_000,
      min: 0,
      unit: 'bytes',
      help: 'Backlog at which it is strongest.',
    }),
    txSizeLowerLimit: flag.integer({
      default: 150,
      min: 0,
      unit: 'bytes',
      help: 'Largest transaction at full strength.',
    }),
    txSizeUpperLimit: flag.integer({
      default: 20_000,
      min: 0,
      unit: 'bytes',
      help: 'Largest transaction when throttling begins.',
    }),
    blockSizeLowerLimit: flag.integer({
      default: 2_000,
      min: 0,
      unit: 'bytes',
      help: 'Largest block at full strength.',
    }),
    blockSizeUpperLimit: flag.integer({
      default: 130_000,
      min: 0,
      unit: 'bytes',
      help: 'Largest block without throttling.',
    }),
    pidKp: flag.float({ default: 0.33, min: 0, help: 'pid: proportional gain.' }),
    pidKi: flag.float({ default: 0.01, min: 0, help: 'pid: integral gain.' }),
    pidKd: flag.float({ default: 0.05, min: 0, help: 'pid: derivative gain.' }),
    pidIntegralMax: flag.float({ default: 1_000, min: 0, help: 'pid: bound of the integral.' }),
    pidOutputMax: flag.float({ default: 1, min: 0, max: 1, help: 'pid: bound of the output.' }),
  }),
  tx: txManagerFlags,
  log: logFlags,
  metrics: metricsFlags,
}
export type BatcherFlags = FlagValues<typeof batcherFlags>
export const BATCHER_ENV_PREFIX = 'OP_BATCHER'
