import { readFile } from 'node:fs/promises'
import { createEngineClient } from '@keelson/engine'
import { createBeaconClient, createBlobCrypto, createL1Client, createL1HeadTracker } from '@keelson/l1'
import { blockSignerFromFlags, createP2P, p2pOptionsFromFlags, p2pRpcMethods } from '@keelson/p2p'
import {
  CHAIN_NAMES,
  chainPreset,
  checkRollupConfig,
  type ForkSchedule,
  type L1ChainConfig,
  l1ChainConfigFromJson,
  l1ChainConfigOf,
  type RollupConfig,
  rollupConfigFromJson,
  syncStatusFromJson,
} from '@keelson/protocol'
import { createRpcClient, type RootLogger, systemClock } from '@keelson/service'
import { createMetricRegistry, createMetricsServer, readOrCreateJwtSecret } from '@keelson/service/node'
import { createConductorClient } from './conductor.ts'
import type { NodeFlags } from './nodeFlags.ts'
import { createRollupNode, type RollupNode } from './rollupNode.ts'
import type { SequencerConfig } from './rollupNodeOptions.ts'
import { waitFor } from './startChecks.ts'

/** A combination of flags that cannot work. The message names the flags. */
export class NodeConfigError extends Error {
  override readonly name = 'NodeConfigError'
  readonly severity = 'critical'
}

/** Why the node is not given these; those of the L1 and the engine are checked when it starts. */
const refuse = (message: string): never => {
  throw new NodeConfigError(message)
}

/**
 * Builds the node that the flags describe, over HTTP to its L1 and engine. Nothing is asked of them before `start`.
 *
 * @throws {NodeConfigError} and what reading the rollup config throws: path and rule
 */
export async function nodeFromFlags(
  flags: NodeFlags,
  log: RootLogger,
  version: string,
): Promise<RollupNode & { release(): Promise<void> }> {
  const config = await loadRollupConfig(flags, log)
  const l1Config = await loadL1ChainConfig(flags, config)
  checkFlags(flags, config, l1Config)
  const metrics = createMetricRegistry({ prefix: 'op_node_default', processMetrics: true })

  const { l1, l2, other } = flags
  const httpUrl = l1.rpc.replace(/^ws/, 'http')
  const rpc = createRpcClient({ url: httpUrl, timeoutMs: 10_000, log, metrics, name: 'l1' })
  const client = createL1Client({
    rpc,
    trustRpc: l1.trustrpc,
    rpcKind: l1.rpckind,
    maxConcurrency: l1.maxConcurrency,
    rateLimit: l1.rpcRateLimit,
    maxBatchSize: l1.rpcMaxBatchSize,
    log,
    metrics,
  })
  const tracker = createL1HeadTracker({
    l1: client,
    pollIntervalMs: l1.httpPollInterval,
    epochPollIntervalMs: l1.epochPollInterval,
    ...(l1.rpc.startsWith('ws') ? { websocketUrl: l1.rpc } : {}),
    log,
  })
  const crypto = createBlobCrypto()
  const beacon =
    l1.beacon === undefined
      ? null
      : createBeaconClient({
          url: l1.beacon,
          ...(l1.beaconHeader === '' ? {} : { header: l1.beaconHeader }),
          fallbacks: l1.beaconFallbacks,
          ...(l1.beaconSlotDuration > 0 ? { slotDurationOverride: l1.beaconSlotDuration } : {}),
          crypto,
          log,
        })
  const jwtSecret = await readOrCreateJwtSecret(l2.jwtSecret)
  const engine = createEngineClient({ url: l2.engine, jwtSecret, config, timeoutMs: l2.engineRpcTimeout, log, metrics })
  const signer = blockSignerFromFlags(flags.p2p, flags.signer, { log })
  const p2pOptions = flags.p2p.disable ? null : p2pOptionsFromFlags(flags.p2p)
  const { finalityLookback, finalityDelay } = other
  const source =
    l2.followSource === undefined
      ? null
      : createRpcClient({ url: l2.followSource, log, metrics, name: 'follow-source-api' })

  const node = createRollupNode({
    config,
    ...(l1Config ? { l1Config } : {}),
    l1: { client, tracker },
    ...(beacon ? { blobs: beacon } : {}),
    engine,
    engineKind: l2.enginekind,
    syncMode: l2.engineSync ? 'execution-layer' : flags.rollup.syncmode,
    elSafeOffsetSeconds: BigInt(Math.floor(flags.rollup.syncmodeOffsetElSafe / 1000)),
    engineTimeoutMs: l2.engineRpcTimeout,
    skipSyncStartCheck: l2.skipSyncStartCheck,
    ...(source ? { followStatus: async () => syncStatusFromJson(await source.request('optimism_syncStatus')) } : {}),
    verifierL1Confs: other.verifierL1Confs,
    ...(finalityLookback === undefined ? {} : { finalityLookback: Number(finalityLookback) }),
    ...(finalityDelay === undefined ? {} : { finalityDelay }),
    gossip: p2pOptions
      ? async (parts) => {
          const p2p = await createP2P({
            config,
            ...parts,
            options: p2pOptions,
            ...(signer ? { signer } : {}),
            log,
            metrics,
          })
          return {
            onUnsafePayload: (handler) => p2p.onUnsafePayload(handler),
            publish: async (envelope) => {
              if (signer) await p2p.publish(envelope)
            },
            requestRange: (start, end) => p2p.requestRange(start, end),
            close: () => p2p.close(),
            rpcMethods: p2pRpcMethods(p2p),
          }
        }
      : null,
    sequencer: flags.sequencer.enabled ? sequencerConfig(flags, log) : null,
    runtimeConfigReloadMs: l1.runtimeConfigReloadInterval,
    ...(flags.rollup.safedbPath ? { safeDbPath: flags.rollup.safedbPath } : {}),
    ...(other.rpcAdminState ? { adminStatePath: other.rpcAdminState } : {}),
    rpc: { host: other.rpcAddr, port: other.rpcPort, enableAdmin: other.rpcEnableAdmin },
    withdrawalRootFromState: flags.rollup.fetchWithdrawalRootFromState,
    servers: [
      ...(beacon && !l1.beaconIgnore
        ? [
            {
              name: 'the beacon API',
              open: async (signal: AbortSignal) => {
                const wait = { clock: systemClock, log, signal }
                log.info('Beacon API', { version: await waitFor('the beacon API', () => beacon.version(), wait) })
                return { close: () => {} }
              },
            },
          ]
        : []),
      ...(flags.metrics.enabled
        ? [
            {
              name: 'the metrics server',
              open: () =>
                createMetricsServer({ host: flags.metrics.addr, port: flags.metrics.port, registry: metrics }),
            },
          ]
        : []),
    ],
    version,
    log,
    metrics,
  })
  return Object.assign(node, {
    release: async () => {
      client.close()
      await crypto.close()
    },
  })
}

/** `--network` or `--rollup.config`, with the overrides put on top. */
export async function loadRollupConfig(flags: NodeFlags, log: RootLogger): Promise<RollupConfig> {
  const { network, rollupConfig: path } = flags.rollup
  if (network && path) log.error('Both --network and --rollup.config are set: --network is taken', { network, path })
  const config = network ? presetConfig(network) : await fileConfig(path)
  const times = Object.entries(flags.override).filter(([, time]) => time !== undefined)
  if (times.length === 0) return config
  const forks: ForkSchedule = { ...config.forks, ...Object.fromEntries(times) }
  const overridden = { ...config, forks }
  checkRollupConfig(overridden)
  return overridden
}

function presetConfig(network: string): RollupConfig {
  const preset = chainPreset(network)
  return preset?.rollupConfig ?? refuse(`--network ${network} is unknown; one of ${CHAIN_NAMES.join(', ')}`)
}

async function fileConfig(path: string | undefined): Promise<RollupConfig> {
  if (!path) return refuse('neither --network nor --rollup.config is set')
  return readConfig('--rollup.config', path, rollupConfigFromJson)
}

async function loadL1ChainConfig(flags: NodeFlags, config: RollupConfig): Promise<L1ChainConfig | null> {
  const path = flags.rollup.l1ChainConfig
  if (!path) return l1ChainConfigOf(config.l1ChainId)
  const l1Config = await readConfig('--rollup.l1-chain-config', path, l1ChainConfigFromJson)
  if (l1Config.chainId === config.l1ChainId) return l1Config
  return refuse(`--rollup.l1-chain-config is of chain ${l1Config.chainId}, but l1_chain_id is ${config.l1ChainId}`)
}

/** @throws {NodeConfigError} naming the flag, the file, and the JSON path and rule that it breaks */
async function readConfig<T>(flagName: string, path: string, decode: (json: unknown) => T): Promise<T> {
  const json = await readJson(flagName, path)
  try {
    return decode(json)
  } catch (cause) {
    throw new NodeConfigError(`${flagName} ${path}: ${(cause as Error).message}`, { cause })
  }
}

async function readJson(flagName: string, path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new NodeConfigError(`cannot read ${flagName} ${path}: ${(cause as Error).message}`, { cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new NodeConfigError(`${flagName} ${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

/** op-node's checks of flags against each other and against the config. */
function checkFlags(flags: NodeFlags, config: RollupConfig, l1Config: L1ChainConfig | null): void {
  const { l1, other, sequencer, rollup, p2p, ignored } = flags
  const hasBlobs = config.forks.ecotone !== undefined
  if (hasBlobs && l1.beacon === undefined && !l1.beaconIgnore) {
    refuse('the Ecotone fork is scheduled, so --l1.beacon is needed (or --l1.beacon.ignore)')
  }
  if (hasBlobs && !l1Config) {
    refuse(`L1 chain ${config.l1ChainId} is not built in: --rollup.l1-chain-config is needed for its blob schedule`)
  }
  if (other.conductorEnabled && !sequencer.enabled) refuse('--conductor.enabled needs --sequencer.enabled')
  if (other.conductorEnabled && other.rpcAdminState) refuse('--conductor.enabled cannot be used with --rpc.admin-state')
  if (rollup.syncmodeReqResp && !p2p.syncReqResp)
    refuse('--syncmode.req-resp cannot be on while --p2p.sync.req-resp is off')
  if (ignored.altdaEnabled) refuse('--altda.enabled: only Ethereum data availability is supported')
}

function sequencerConfig(flags: NodeFlags, log: RootLogger): SequencerConfig {
  const { sequencer, other } = flags
  return {
    stopped: sequencer.stopped,
    maxSafeLag: sequencer.maxSafeLag,
    l1Confs: sequencer.l1Confs,
    recover: sequencer.recover,
    sealingDurationMs: sequencer.sealingDuration > 0 ? sequencer.sealingDuration : 50,
    ...(other.conductorEnabled
      ? { conductor: createConductorClient({ url: other.conductorRpc, timeoutMs: other.conductorRpcTimeout, log }) }
      : {}),
  }
}
