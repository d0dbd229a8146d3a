import { RPC_KINDS } from '@keelson/l1'
import { p2pFlags, signerFlags } from '@keelson/p2p'
import { defineFlags, type FlagValues, flag, logFlags, metricsFlags } from '@keelson/service/node'

const port = { min: 0, max: 65_535 } as const
/** Accepted so that an op-node command line works unchanged; has no effect. */
const ignored = <const N extends string>(name: N, env?: string) =>
  flag.string({ name, hidden: true, help: 'Has no effect.', ...(env ? { env } : {}) })

const rollupFlags = defineFlags('', {
  network: flag.string({ help: 'A predefined chain, such as op-mainnet.' }),
  rollupConfig: flag.path({ name: 'rollup.config', help: 'The rollup config of the chain (rollup.json).' }),
  l1ChainConfig: flag.path({
    name: 'rollup.l1-chain-config',
    help: 'Chain config of an L1 that is not built in, with its blob schedule.',
  }),
  syncmode: flag.enum({
    values: ['consensus-layer', 'execution-layer'],
    default: 'consensus-layer',
    help: 'Whether blocks are given to the engine one by one, or the engine syncs by itself first.',
  }),
  syncmodeReqResp: flag.boolean({
    name: 'syncmode.req-resp',
    default: false,
    help: 'Fills gaps of unsafe blocks by asking peers.',
  }),
  syncmodeOffsetElSafe: flag.duration({
    name: 'syncmode.offset-el-safe',
    default: 0,
    help: 'How far behind the tip safe and finalized begin after an engine sync.',
  }),
  fetchWithdrawalRootFromState: flag.boolean({
    default: false,
    help: 'Proves the withdrawal root of outputs also where the header has it.',
  }),
  safedbPath: flag.path({ name: 'safedb.path', default: '', help: 'Folder of the safe head database; empty: none.' }),
})

const overrideFlags = defineFlags('override', {
  canyon: flag.uint64({ help: 'Activation time of Canyon instead of the config’s.' }),
  delta: flag.uint64({ help: 'Activation time of Delta.' }),
  ecotone: flag.uint64({ help: 'Activation time of Ecotone.' }),
  fjord: flag.uint64({ help: 'Activation time of Fjord.' }),
  granite: flag.uint64({ help: 'Activation time of Granite.' }),
  holocene: flag.uint64({ help: 'Activation time of Holocene.' }),
  isthmus: flag.uint64({ help: 'Activation time of Isthmus.' }),
  jovian: flag.uint64({ help: 'Activation time of Jovian.' }),
  karst: flag.uint64({ help: 'Activation time of Karst.' }),
  pectraBlobSchedule: flag.uint64({
    name: 'override.pectrablobschedule',
    help: 'Activation time of the Pectra blob schedule fix.',
  }),
})

const l1Flags = defineFlags('l1', {
  rpc: flag.url({
    name: 'l1',
    env: 'L1_ETH_RPC',
    required: true,
    default: 'http://127.0.0.1:8545',
    help: 'RPC of the L1 execution client.',
  }),
  trustrpc: flag.boolean({
    env: 'L1_TRUST_RPC',
    default: false,
    help: 'Believes L1 headers and transactions without hashing them.',
  }),
  rpckind: flag.enum({
    env: 'L1_RPC_KIND',
    values: RPC_KINDS,
    default: 'standard',
    help: 'How receipts are asked for.',
  }),
  maxConcurrency: flag.integer({ default: 10, min: 1, help: 'L1 requests under way at once.' }),
  rpcRateLimit: flag.float({ default: 0, min: 0, help: 'L1 requests per second; 0: any number.' }),
  rpcMaxBatchSize: flag.integer({ default: 20, min: 1, max: 500, help: 'Calls in one L1 request.' }),
  httpPollInterval: flag.duration({ default: 12_000, help: 'How often the L1 head is asked for.' }),
  epochPollInterval: flag.duration({
    default: 384_000,
    help: 'How often the safe and finalized blocks of L1 are asked for; 0: never.',
  }),
  runtimeConfigReloadInterval: flag.duration({
    default: 600_000,
    help: 'How often the signer of unsafe blocks is read again; 0: never.',
  }),
  cacheSize: flag.integer({ default: 900, min: 0, max: 1_000_000, help: 'L1 blocks that are kept.' }),
  beacon: flag.url({ help: 'Beacon API that serves blobs.' }),
  beaconHeader: flag.string({ default: '', secret: true, help: 'Header for the beacon API, as `Key: Value`.' }),
  beaconFallbacks: flag.list({
    env: ['L1_BEACON_FALLBACKS', 'L1_BEACON_ARCHIVER'],
    aliases: ['l1.beacon-archiver'],
    default: [],
    help: 'Further beacon APIs for blobs.',
  }),
  beaconIgnore: flag.boolean({
    name: 'l1.beacon.ignore',
    default: false,
    help: 'Starts without a beacon API that works.',
  }),
  beaconSlotDuration: flag.integer({
    name: 'l1.beacon.slot-duration-override',
    default: 0,
    min: 0,
    unit: 's',
    help: 'Seconds of an L1 slot, when the beacon API shall not be asked.',
  }),
  beaconAllSidecars: flag.boolean({
    name: 'l1.beacon.fetch-all-sidecars',
    default: false,
    hidden: true,
    help: 'Has no effect.',
  }),
})

const l2Flags = defineFlags('l2', {
  engine: flag.url({
    name: 'l2',
    env: 'L2_ENGINE_RPC',
    required: true,
    help: 'Engine API of the L2 execution client.',
  }),
  jwtSecret: flag.path({
    env: 'L2_ENGINE_AUTH',
    required: true,
    help: 'File with the secret shared with the engine; made when it is not there.',
  }),
  enginekind: flag.enum({
    env: 'L2_ENGINE_KIND',
    values: ['geth', 'reth', 'erigon'],
    default: 'geth',
    help: 'Which engine it is.',
  }),
  engineRpcTimeout: flag.duration({ default: 10_000, help: 'For one engine call.' }),
  skipSyncStartCheck: flag.boolean({
    default: false,
    help: 'Does not look at the blocks between unsafe and safe head at a reset.',
  }),
  followSource: flag.url({
    name: 'l2.follow.source',
    help: 'RPC of another rollup node whose safe and finalized heads are taken over; derivation is not run.',
  }),
  engineSync: flag.boolean({
    env: 'L2_ENGINE_SYNC_ENABLED',
    default: false,
    hidden: true,
    help: 'Old form of --syncmode=execution-layer.',
  }),
})

const sequencerFlags = defineFlags('sequencer', {
  enabled: flag.boolean({ default: false, help: 'Builds blocks.' }),
  stopped: flag.boolean({ default: false, help: 'Does not build before admin_startSequencer.' }),
  maxSafeLag: flag.uint64({
    default: 0n,
    unit: 'L2 blocks',
    help: 'Stalls when the safe head is this far behind; 0: never.',
  }),
  l1Confs: flag.uint64({
    default: 4n,
    unit: 'L1 blocks',
    help: 'Distance kept between the L1 head and a new L1 origin.',
  }),
  recover: flag.boolean({
    default: false,
    help: 'Builds empty blocks and takes the next L1 origin as soon as it can.',
  }),
  sealingDuration: flag.duration({ default: 50, help: 'Time kept for sealing before a block is due.' }),
})

const otherFlags = defineFlags('', {
  verifierL1Confs: flag.uint64({
    name: 'verifier.l1-confs',
    default: 0n,
    unit: 'L1 blocks',
    help: 'Newest L1 blocks that derivation does not read.',
  }),
  finalityLookback: flag.uint64({
    name: 'finality.lookback',
    unit: 'L1 blocks',
    help: 'L1 blocks for which the safe head is remembered; 129.',
  }),
  finalityDelay: flag.uint64({
    name: 'finality.delay',
    unit: 'L1 blocks',
    help: 'L1 blocks until finality is tried again; 64.',
  }),
  conductorEnabled: flag.boolean({
    name: 'conductor.enabled',
    default: false,
    help: 'A conductor decides whether this node sequences.',
  }),
  conductorRpc: flag.url({ name: 'conductor.rpc', default: 'http://127.0.0.1:8547', help: 'RPC of the conductor.' }),
  conductorRpcTimeout: flag.duration({
    name: 'conductor.rpc-timeout',
    default: 1000,
    help: 'For one call to the conductor.',
  }),
  rpcAddr: flag.string({ name: 'rpc.addr', default: '127.0.0.1', help: 'Address the RPC listens on.' }),
  rpcPort: flag.integer({ name: 'rpc.port', default: 9545, ...port, help: 'Port of the RPC; 0 takes any.' }),
  rpcEnableAdmin: flag.boolean({ name: 'rpc.enable-admin', default: false, help: 'Serves the admin methods.' }),
  rpcAdminState: flag.path({
    name: 'rpc.admin-state',
    default: '',
    help: 'File that keeps whether the sequencer was started; empty: none.',
  }),
})

const ignoredFlags = defineFlags('', {
  halt: ignored('rollup.halt'),
  loadProtocolVersions: flag.boolean({
    name: 'rollup.load-protocol-versions',
    default: false,
    hidden: true,
    help: 'Has no effect.',
  }),
  ignorePectra: flag.boolean({
    name: 'ignore-missing-pectra-blob-schedule',
    default: false,
    hidden: true,
    help: 'Starts without the Pectra blob schedule time.',
  }),
  extraNetworks: flag.boolean({ name: 'beta.extra-networks', default: false, hidden: true, help: 'Has no effect.' }),
  backupSync: ignored('l2.backup-unsafe-sync-rpc'),
  backupSyncTrust: ignored('l2.backup-unsafe-sync-rpc.trustrpc', 'L2_BACKUP_UNSAFE_SYNC_RPC_TRUST_RPC'),
  snapshotlog: ignored('snapshotlog.file', 'SNAPSHOT_LOG'),
  heartbeatEnabled: flag.boolean({ name: 'heartbeat.enabled', default: false, hidden: true, help: 'Has no effect.' }),
  heartbeatMoniker: ignored('heartbeat.moniker'),
  heartbeatUrl: ignored('heartbeat.url'),
  pprofEnabled: flag.boolean({
    name: 'pprof.enabled',
    default: false,
    hidden: true,
    help: 'Has no effect: use --cpu-prof of Node.',
  }),
  pprofAddr: ignored('pprof.addr'),
  pprofPort: ignored('pprof.port'),
  pprofPath: ignored('pprof.path'),
  pprofType: ignored('pprof.type'),
  altdaServer: ignored('altda.da-server'),
  altdaVerify: ignored('altda.verify-on-read'),
  altdaService: ignored('altda.da-service'),
  altdaPutTimeout: ignored('altda.put-timeout'),
  altdaGetTimeout: ignored('altda.get-timeout'),
  altdaRequests: ignored('altda.max-concurrent-da-requests'),
  altdaEnabled: flag.boolean({ name: 'altda.enabled', default: false, hidden: true, help: 'Not supported.' }),
})

/** op-node's flags; environment names begin with `OP_NODE_`. */
export const nodeFlags = {
  rollup: rollupFlags,
  override: overrideFlags,
  l1: l1Flags,
  l2: l2Flags,
  sequencer: sequencerFlags,
  other: otherFlags,
  p2p: p2pFlags,
  signer: signerFlags,
  metrics: metricsFlags,
  log: logFlags,
  ignored: ignoredFlags,
}
export type NodeFlags = FlagValues<typeof nodeFlags>

/** What stands before every environment name. */
export const NODE_ENV_PREFIX = 'OP_NODE'
