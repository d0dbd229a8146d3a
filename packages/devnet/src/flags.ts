import { defineFlags, flag } from '@keelson/service'

/** What makes a chain: shared by `keelson devnet` and `keelson genesis`. */
export const chainFlags = defineFlags('', {
  l2ChainId: flag.uint64({ name: 'l2.chain-id', default: 901n, help: 'Chain id of the L2.' }),
  l2BlockTime: flag.uint64({ name: 'l2.block-time', default: 2n, unit: 'seconds', help: 'Time between L2 blocks.' }),
  seqWindowSize: flag.uint64({
    name: 'sequencing-window',
    default: 3600n,
    unit: 'L1 blocks',
    help: 'After so many L1 blocks without a batch, empty blocks are derived.',
  }),
  channelTimeout: flag.uint64({
    name: 'channel-timeout',
    default: 300n,
    unit: 'L1 blocks',
    help: 'Before Granite: a channel must be complete within so many L1 blocks.',
  }),
  maxSequencerDrift: flag.uint64({
    name: 'max-sequencer-drift',
    default: 600n,
    unit: 'seconds',
    help: 'Before Fjord: how far L2 time may run ahead of its L1 origin.',
  }),
  batchInbox: flag.address({
    name: 'batch-inbox',
    default: '0xff00000000000000000000000000000000000901',
    help: 'Where the batcher sends its transactions.',
  }),
  forks: flag.list({
    name: 'fork',
    default: [],
    help: 'When a fork comes: karst=+20s, jovian=never, isthmus=1763568001; all through jovian come at genesis.',
  }),
})

export const devnetFlags = defineFlags('', {
  l1BlockTime: flag.integer({
    name: 'l1.block-time',
    default: 4,
    min: 1,
    unit: 'seconds',
    help: 'Time between L1 blocks.',
  }),
  l1ChainId: flag.uint64({ name: 'l1.chain-id', default: 900n, help: 'Chain id of the L1.' }),
  l1Port: flag.integer({ name: 'l1.port', default: 8545, min: 0, max: 65535, help: 'Port of the L1 (0: any free).' }),
  sequencerPort: flag.integer({
    name: 'sequencer.port',
    default: 9545,
    min: 0,
    max: 65535,
    help: 'First port of the sequencer: eth RPC over HTTP and WebSocket; +2 rollup RPC, +3 Engine API, +4 metrics (0: any free).',
  }),
  verifierPort: flag.integer({
    name: 'verifier.port',
    default: 9645,
    min: 0,
    max: 65535,
    help: 'First port of the verifier, in the same order (0: any free).',
  }),
  explorerPort: flag.integer({
    name: 'explorer.port',
    default: 9700,
    min: 0,
    max: 65535,
    help: 'Port of the explorer page (0: any free).',
  }),
  dataAvailabilityType: flag.enum({
    name: 'data-availability-type',
    values: ['blobs', 'calldata'],
    default: 'blobs',
    help: 'How the batcher writes to L1.',
  }),
  dataDir: flag.path({
    name: 'datadir',
    help: 'Folder for chain data, keys and devnet.json; kept. Default: .keelson/devnet, made anew at each start.',
  }),
  untilSafe: flag.uint64({
    name: 'until-safe',
    help: 'Stop when the verifier has derived this block and agrees with the sequencer on all up to it.',
  }),
  timeout: flag.duration({ name: 'timeout', default: 300_000, help: 'With --until-safe: give up after this long.' }),
  json: flag.boolean({ name: 'json', default: false, help: 'Print JSON lines only.' }),
  logLevel: flag.enum({
    name: 'log.level',
    values: ['trace', 'debug', 'info', 'warn', 'error'],
    default: 'warn',
    help: 'What the parts log to stderr.',
  }),
})
