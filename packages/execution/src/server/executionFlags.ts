import { defineFlags, flag, logFlags, metricsFlags } from '@keelson/service/node'

const port = (defaultPort: number, help: string) => flag.integer({ default: defaultPort, min: 0, max: 65535, help })

/** The flags of `keelson engine`, in geth's names where geth has them. */
export const executionFlags = {
  chain: defineFlags('', {
    genesis: flag.path({ required: true, help: "The chain's genesis.json, as op-geth has it." }),
    datadir: flag.path({
      help: 'Folder for blocks, state and the pool journal; without it everything is in memory.',
    }),
    history: flag.uint64({
      unit: 'blocks',
      help: 'Keeps the states of this many blocks below the head (and all from the finalized one up); without it all.',
    }),
  }),
  auth: defineFlags('authrpc', {
    addr: flag.string({ default: '127.0.0.1', aliases: ['engine.addr'], help: 'Address of the Engine API.' }),
    port: { ...port(8551, 'Port of the Engine API; 0 takes a free one.'), aliases: ['engine.port'] },
    jwtsecret: flag.path({
      required: true,
      name: 'authrpc.jwtsecret',
      help: 'File with the 32-byte secret shared with the rollup node; made when there is none.',
    }),
  }),
  http: defineFlags('http', {
    enabled: flag.boolean({ default: true, name: 'http', env: 'HTTP', help: 'Serves the public JSON-RPC.' }),
    addr: flag.string({ default: '127.0.0.1', help: 'Address of the public JSON-RPC.' }),
    port: port(8545, 'Port of the public JSON-RPC, over HTTP and WebSocket; 0 takes a free one.'),
    corsdomain: flag.string({ default: '*', help: 'Origin that pages may call from; empty for none.' }),
  }),
  ws: defineFlags('ws', {
    addr: flag.string({ default: '127.0.0.1', help: 'Address of the WebSocket on a port of its own.' }),
    port: flag.integer({ min: 0, max: 65535, help: 'Serves WebSocket on a port of its own besides.' }),
  }),
  rollup: defineFlags('rollup', {
    sequencerhttp: flag.url({ name: 'rollup.sequencerhttp', help: 'Passes transactions on to this sequencer.' }),
  }),
  builder: defineFlags('builder', {
    recommit: flag.duration({ default: 200, help: 'Pause between two looks at the pool while a block is built.' }),
  }),
  txpool: defineFlags('txpool', {
    globalslots: flag.integer({ default: 100_000, min: 1, help: 'Transactions in the pool.' }),
    accountslots: flag.integer({ default: 16_384, min: 1, help: 'Transactions of one sender in the pool.' }),
    pricebump: flag.uint64({ default: 10n, unit: 'per cent', help: 'What a replacement must offer more.' }),
    pricelimit: flag.uint64({ default: 0n, unit: 'wei', help: 'Lowest tip let into the pool.' }),
  }),
  log: logFlags,
  metrics: metricsFlags,
}

/** Prefix of the environment names. */
export const EXECUTION_ENV_PREFIX = 'KEELSON_ENGINE'
