import {
  type BlobProvider,
  createAttributesBuilder,
  createDerivationPipeline,
  type DerivationObserver,
} from '@keelson/derive'
import { EngineController, type EngineKind, type SyncMode } from '@keelson/engine'
import type { L1Client, L1HeadTracker } from '@keelson/l1'
import type {
  Address,
  ExecutionClient,
  ExecutionPayloadEnvelope,
  L1ChainConfig,
  RollupConfig,
  SyncStatus,
} from '@keelson/protocol'
import { checkRollupConfig } from '@keelson/protocol'
import {
  type Clock,
  createLifecycle,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  parseLogLevel,
  type RootLogger,
  systemClock,
} from '@keelson/service'
import { createRpcServer, type RpcMethods, type RpcServer } from '@keelson/service/node'
import { type AdminState, openAdminState } from './adminState.ts'
import { altSync, altSyncSpec } from './altSync.ts'
import { attributesHandler, attributesHandlerSpec } from './attributesHandler.ts'
import type { BlockGossip } from './blockGossip.ts'
import { type Conductor, noConductor } from './conductor.ts'
import { derivationDeriver, derivationSpec } from './derivationDeriver.ts'
import { Driver } from './driver.ts'
import { engineControllerSpec, engineDeriver, engineDeriverSpec } from './engineDeriver.ts'
import { engineReset, engineResetSpec } from './engineReset.ts'
import { EventSystem, type Tracer } from './eventSystem.ts'
import { finalizer, finalizerSpec } from './finality.ts'
import { followSource, followSourceSpec } from './followSource.ts'
import { type Explanation, Journal } from './journal.ts'
import { withL1Confirmations } from './l1ConfDepth.ts'
import { createNodeMetrics } from './metrics.ts'
import { originCheck, originCheckSpec } from './originCheck.ts'
import { OriginSelector } from './originSelector.ts'
import { createPipelineMetrics } from './pipelineMetrics.ts'
import { adminApi } from './rpc/admin.ts'
import { keelsonApi } from './rpc/keelson.ts'
import { optimismApi } from './rpc/optimism.ts'
import { createRuntimeConfig, type RuntimeConfig } from './runtimeConfig.ts'
import { openSafeDb, type SafeDb, safeDbDeriver, safeDbSpec } from './safeDb.ts'
import { Sequencer, sequencerSpec } from './sequencer.ts'
import { checkL1, checkL2 } from './startChecks.ts'
import { statusSpec, statusTracker } from './statusTracker.ts'
import { stepScheduler, stepSchedulerSpec } from './stepScheduler.ts'
import { syncDeriver, syncSpec } from './syncDeriver.ts'
import { logTracer, metricsTracer } from './tracers.ts'

/** What the P2P network is given of the node. */
export type GossipParts = {
  /** The signer in the L1 SystemConfig; `null` while unknown. */
  readonly getUnsafeBlockSigner: () => Address | null
  /** Blocks that peers ask for. */
  readonly payloadByNumber: (number: bigint) => Promise<ExecutionPayloadEnvelope | null>
}

export type SequencerConfig = {
  /** Do not sequence before `admin_startSequencer`. */
  readonly stopped?: boolean
  readonly maxSafeLag?: bigint
  /** L1 blocks between the L1 head and a new origin; 4. */
  readonly l1Confs?: bigint
  readonly recover?: boolean
  /** 50 ms. */
  readonly sealingDurationMs?: number
  readonly conductor?: Conductor
}

export type RollupNodeOptions = {
  readonly config: RollupConfig
  /** Blob prices of an L1 that is not built in. */
  readonly l1Config?: L1ChainConfig
  readonly l1: { readonly client: L1Client; readonly tracker: L1HeadTracker }
  /** Absent: blobs of the batcher are a critical error. */
  readonly blobs?: BlobProvider
  readonly engine: ExecutionClient
  readonly engineKind?: EngineKind
  readonly syncMode?: SyncMode
  readonly elSafeOffsetSeconds?: bigint
  readonly engineTimeoutMs?: number
  readonly skipSyncStartCheck?: boolean
  /** Takes safe and finalized from another node instead of deriving them. Rejects when it cannot be asked. */
  readonly followStatus?: () => Promise<SyncStatus>
  /** L1 blocks that derivation does not look at yet. */
  readonly verifierL1Confs?: bigint
  readonly finalityLookback?: number
  readonly finalityDelay?: bigint
  /** Makes the P2P network; `null`: none. */
  readonly gossip?: ((parts: GossipParts) => Promise<BlockGossip & { readonly rpcMethods?: RpcMethods }>) | null
  /** `null`: a verifier. */
  readonly sequencer?: SequencerConfig | null
  /** How often the unsafe block signer is read again; 10 minutes, 0: never. */
  readonly runtimeConfigReloadMs?: number
  /** Folder of the safe head database; absent: none. */
  readonly safeDbPath?: string
  /** File in which `admin_start/stopSequencer` are remembered. */
  readonly adminStatePath?: string
  /** `null`: no RPC server. */
  readonly rpc?: {
    readonly host: string
    readonly port: number
    readonly enableAdmin?: boolean
    readonly portFlag?: string
  } | null
  readonly withdrawalRootFromState?: boolean
  /** Further servers (metrics, profiling), opened after the RPC and closed with the node. */
  readonly servers?: readonly { readonly name: string; open(): Promise<{ close(): Promise<void> | void }> }[]
  readonly version?: string
  readonly clock?: Clock
  readonly random?: () => number
  readonly log?: Logger | RootLogger
  readonly metrics?: MetricRegistry
  readonly tracers?: readonly Tracer[]
  /** Is told what derivation makes of everything on L1. */
  readonly observer?: DerivationObserver
}

/** A rollup node: verifier, or sequencer as well. */
export interface RollupNode {
  /**
   * Opens everything in order and begins to derive. Waits for an L1 and an engine that are not there yet.
   *
   * @throws {StartupError} names the step; what was open is closed again
   */
  start(signal?: AbortSignal): Promise<void>
  /** Stops in reverse order. Later calls wait for the first. */
  close(): Promise<void>
  /** Resolves when the node has stopped: with the critical error, or `null` after {@link close}. */
  readonly stopped: Promise<Error | null>
  syncStatus(): SyncStatus
  explain(): Explanation
  /** Of the RPC server; `null` when there is none. */
  readonly rpcUrl: string | null
  /** What the RPC server answers, also callable in process. */
  readonly methods: RpcMethods
  /** Resolves when there is nothing to do but to wait for a timer or a signal. */
  idle(): Promise<void>
  readonly engine: EngineController
  readonly sequencer: Sequencer | null
  readonly driver: Driver
}

/**
 * Wires a rollup node: L1 → derivation → engine, gossip → engine, sequencer → engine and gossip.
 *
 * @throws {RollupConfigError} the config cannot be used
 */
export function createRollupNode(options: RollupNodeOptions): RollupNode {
  const { config, engine: client, clock = systemClock, log = nullLogger, version = 'v0.0.0-keelson' } = options
  checkRollupConfig(config)
  const registry = options.metrics ?? nullMetrics
  const metrics = createNodeMetrics(registry, clock)
  const journal = new Journal(clock)
  const life = createLifecycle(log)
  const stopping = new AbortController()
  const { client: l1, tracker } = options.l1

  const system = new EventSystem({
    clock,
    log,
    tracers: [metricsTracer(metrics), logTracer(log), journal, ...(options.tracers ?? [])],
  })
  const driver = new Driver({ system, clock, log })
  const fromController = system.emitter(engineControllerSpec)
  const engine = new EngineController({
    config,
    engine: client,
    clock,
    log,
    metrics: registry,
    ...(options.syncMode ? { syncMode: options.syncMode } : {}),
    ...(options.engineKind ? { engineKind: options.engineKind } : {}),
    ...(options.elSafeOffsetSeconds ? { elSafeOffsetSeconds: options.elSafeOffsetSeconds } : {}),
    ...(options.engineTimeoutMs ? { callTimeoutMs: options.engineTimeoutMs } : {}),
    observer: {
      headsMoved: ({ from, to, cause }) => fromController({ type: 'forkchoice-update', from, heads: to, cause }),
      safeDerived: (safe, derivedFrom) => fromController({ type: 'safe-derived', safe, derivedFrom }),
      derivedInvalid: (fault) => fromController({ type: 'invalid-payload-attributes', ...fault }),
      unsafeMismatch: (mismatch) =>
        journal.record({
          kind: 'mismatch',
          code: mismatch.field,
          reason: `unsafe block ${mismatch.number} is not what L1 says`,
          evidence: mismatch,
        }),
      unsafeDropped: ({ block, reason }) => {
        if (reason === 'alreadyHead' || reason === 'duplicate') return
        journal.record({
          kind: 'drop',
          code: reason,
          reason: `unsafe block ${block.number} was dropped`,
          evidence: block,
        })
      },
    },
  })

  const headNumber = () => tracker.heads.latest?.number ?? null
  const pipeline = createDerivationPipeline({
    config,
    l1Config: options.l1Config,
    l1: withL1Confirmations(l1, options.verifierL1Confs ?? 0n, headNumber),
    blobs: options.blobs,
    l2: engine.chain,
    metrics: createPipelineMetrics(registry, clock),
    observer: options.observer,
  })
  const status = statusTracker({ log, metrics })
  const reset = engineReset({
    config,
    engine,
    l1,
    driver,
    log,
    skipSyncStartCheck: options.skipSyncStartCheck ?? false,
    signal: stopping.signal,
  })

  let gossip: (BlockGossip & { readonly rpcMethods?: RpcMethods }) | null = null
  let adminState: AdminState | null = null
  let safeDb: SafeDb | null = null
  let rpcServer: RpcServer | null = null
  let runtimeConfig: RuntimeConfig | null = null

  const conductor = options.sequencer?.conductor ?? noConductor
  const sequencer: Sequencer | null = options.sequencer
    ? new Sequencer({
        config,
        engine,
        attributes: createAttributesBuilder({ config, l1, l2: engine.chain, l1Config: options.l1Config }),
        origins: new OriginSelector({
          config,
          l1: withL1Confirmations(l1, options.sequencer.l1Confs ?? 4n, headNumber),
          log,
          clock,
          recoverMode: (): boolean => sequencer?.recoverMode ?? false,
        }),
        conductor,
        driver,
        clock,
        log,
        metrics,
        options: {
          active: !(options.sequencer.stopped ?? false) && !conductor.enabled,
          maxSafeLag: options.sequencer.maxSafeLag ?? 0n,
          sealingDurationMs: options.sequencer.sealingDurationMs ?? 50,
          recoverMode: options.sequencer.recover ?? false,
        },
        publish: async (envelope) => gossip?.publish(envelope),
        persist: async (active) => adminState?.save(active),
      })
    : null

  const receive = (envelope: ExecutionPayloadEnvelope, source: 'gossip' | 'admin') => {
    metrics.recordPayload('received_payload', envelope.executionPayload)
    driver.emit({ type: 'received-unsafe-payload', envelope, source })
  }

  function register(): void {
    system.register(statusSpec, status.deriver)
    if (safeDb) system.register(safeDbSpec, safeDbDeriver({ db: safeDb, genesis: config.genesis }))
    system.register(
      finalizerSpec,
      finalizer({
        engine,
        l1,
        driver,
        log,
        ...(options.finalityLookback === undefined ? {} : { lookback: options.finalityLookback }),
        ...(options.finalityDelay === undefined ? {} : { delay: options.finalityDelay }),
      }),
    )
    system.register(stepSchedulerSpec, stepScheduler({ driver, log, random: options.random ?? Math.random }))
    system.register(syncSpec, syncDeriver({ clock, engine, log, reset, follows: options.followStatus !== undefined }))
    system.register(engineResetSpec, reset.deriver)
    system.register(originCheckSpec, originCheck({ engine, l1, driver }))
    system.register(
      derivationSpec,
      derivationDeriver({ pipeline, driver, log, onError: () => metrics.derivationErrors.record() }),
    )
    system.register(attributesHandlerSpec, attributesHandler({ engine, log }))
    system.register(engineDeriverSpec, engineDeriver({ engine }))
    if (gossip) system.register(altSyncSpec, altSync({ config, engine, gossip, driver, log }))
    const { followStatus } = options
    if (followStatus)
      system.register(followSourceSpec, followSource({ config, engine, l1, driver, log, status: followStatus }))
    if (sequencer) {
      system.register(sequencerSpec, sequencer.deriver)
      planSequencer(sequencer)
    }
  }

  /** Rings the sequencer when its next action is due. */
  function planSequencer(planned: Sequencer): void {
    let at: number | null = null
    let cancel = () => {}
    driver.afterTurn = () => {
      const next = planned.nextActionMs
      if (next === at) return
      cancel()
      at = next
      if (next === null) return
      cancel = driver.after(Math.max(0, next - clock.now()), () => {
        at = null
        driver.emit({ type: 'sequencer-action' })
      })
    }
  }

  const methods = (): RpcMethods => ({
    ...optimismApi({
      config,
      engine: client,
      driver,
      status: status.status,
      safeDb,
      version,
      withdrawalRootFromState: options.withdrawalRootFromState ?? false,
    }),
    ...keelsonApi({ explain: () => journal.explain(), engine, sequencer, status: status.status }),
    ...(gossip?.rpcMethods ?? {}),
    ...adminMethods(),
  })
  const adminMethods = () =>
    adminApi({
      driver,
      sequencer,
      conductor,
      resetDerivation: () => {
        log.warn('Derivation is reset by the operator')
        driver.emit({ type: 'reset-event', error: new Error('reset by the operator') })
      },
      postUnsafePayload: (envelope) => receive(envelope, 'admin'),
      setLogLevel: (text) => {
        const level = parseLogLevel(text)
        if (level && isRootLogger(log)) log.setLevel(level)
        return level !== null
      },
    })
  const served = (): RpcMethods => {
    if (options.rpc?.enableAdmin) return methods()
    return Object.fromEntries(Object.entries(methods()).filter(([name]) => !name.startsWith('admin_')))
  }

  let finish: (error: Error | null) => void = () => {}
  const stopped = new Promise<Error | null>((resolve) => {
    finish = resolve
  })
  let closing: Promise<void> | null = null
  const close = (error: Error | null = null): Promise<void> => {
    closing ??= (async () => {
      stopping.abort(new Error('the node is stopping'))
      await life.close()
      finish(error)
    })()
    return closing
  }

  async function start(signal?: AbortSignal): Promise<void> {
    const abort = () => stopping.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted) abort()
    const wait = { clock, log, signal: stopping.signal }
    log.info('Starting the rollup node', { version, l2ChainId: config.l2ChainId, sequencer: sequencer !== null })

    tracker.on(({ label, to, reorg, from }) => {
      if (reorg && label === 'latest')
        journal.record({ kind: 'mismatch', code: 'l1Reorg', reason: 'the L1 head was reorged', evidence: { from, to } })
      driver.post(() => {
        if (label === 'safe') driver.emit({ type: 'l1-safe', ref: to })
        else {
          driver.emit(label === 'latest' ? { type: 'l1-unsafe', ref: to } : { type: 'finalized-l1', ref: to })
          driver.emit({ type: 'step-req', resetBackoff: false })
        }
      })
    })
    journal.doing('waiting for L1')
    await life.step(
      'L1',
      async () => {
        await checkL1(config, l1, wait)
        await tracker.start(stopping.signal)
      },
      () => tracker.close(),
    )
    journal.doing('waiting for the engine')
    await life.step('the L2 engine', () =>
      checkL2(config, client, { ...wait, skipGenesis: options.syncMode === 'execution-layer' }),
    )
    if (options.gossip) {
      journal.doing('reading the runtime config')
      runtimeConfig = await life.step(
        'the runtime config',
        () =>
          createRuntimeConfig(
            {
              config,
              l1,
              l1Confs: options.verifierL1Confs ?? 0n,
              reloadIntervalMs: options.runtimeConfigReloadMs ?? 600_000,
              clock,
              log,
            },
            stopping.signal,
          ),
        (opened) => opened.close(),
      )
      const { gossip: makeGossip } = options
      gossip = await life.step(
        'P2P',
        () =>
          makeGossip({
            getUnsafeBlockSigner: () => runtimeConfig?.unsafeBlockSigner() ?? null,
            payloadByNumber: (number) => client.getBlock({ number }),
          }),
        (opened) => opened.close(),
      )
      gossip.onUnsafePayload((envelope, from) => {
        log.debug('Received an unsafe block', { number: envelope.executionPayload.blockNumber, from })
        driver.post(() => receive(envelope, 'gossip'))
      })
    }
    const { safeDbPath, adminStatePath, rpc } = options
    if (safeDbPath)
      safeDb = await life.step(
        'the safe head database',
        () => openSafeDb(safeDbPath),
        (db) => db.close(),
      )
    if (adminStatePath && sequencer) {
      adminState = await life.step('the admin state', () => openAdminState(adminStatePath))
      if (adminState.sequencerStarted !== null) sequencer.setInitiallyActive(adminState.sequencerStarted)
    }
    register()
    if (rpc) {
      rpcServer = await life.step(
        'the RPC',
        () =>
          createRpcServer({
            host: rpc.host,
            port: rpc.port,
            methods: served(),
            version,
            log,
            clock,
            metrics: registry,
            portFlag: rpc.portFlag ?? 'rpc.port',
          }),
        (server) => server.close(),
      )
      log.info('RPC is open', { url: rpcServer.url, admin: rpc.enableAdmin ?? false })
    }
    for (const server of options.servers ?? [])
      await life.step(
        server.name,
        () => server.open(),
        (opened) => opened.close(),
      )
    metrics.info.set({ version }, 1)
    metrics.up.set(1)
    await life.step(
      'the driver',
      () => {
        driver.start((error) => {
          log.error('The node stops', { err: error.message })
          void close(new Error(`critical error: ${error.message}`, { cause: error }))
        })
      },
      async () => {
        // A block that is already known to others shall be ours when we come back.
        if (sequencer?.active && !system.criticalError) {
          const halted = driver.run(() => sequencer.stop({ persist: false })).then(({ done }) => done)
          await Promise.race([halted.catch(() => {}), clock.sleep(2000)])
        }
        await driver.close()
      },
    )
    signal?.removeEventListener('abort', abort)
    log.info('Rollup node started')
  }

  return {
    start: async (signal) => {
      try {
        await start(signal)
      } catch (error) {
        await close(error instanceof Error ? error : new Error(String(error)))
        throw error
      }
    },
    close: () => close(),
    stopped,
    syncStatus: status.status,
    explain: () => journal.explain(),
    get rpcUrl() {
      return rpcServer?.url ?? null
    },
    get methods() {
      return methods()
    },
    idle: () => driver.idle(),
    engine,
    sequencer,
    driver,
  }
}

function isRootLogger(log: Logger | RootLogger): log is RootLogger {
  return 'setLevel' in log
}
