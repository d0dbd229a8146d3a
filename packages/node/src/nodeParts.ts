import { createAttributesBuilder, createDerivationPipeline, type DerivationPipeline } from '@keelson/derive'
import { EngineController } from '@keelson/engine'
import {
  type Clock,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  type RootLogger,
  systemClock,
} from '@keelson/service'
import type { RpcServer } from '@keelson/service/node'
import type { AdminState } from './adminState.ts'
import { altSync, altSyncSpec } from './altSync.ts'
import { attributesHandler, attributesHandlerSpec } from './attributesHandler.ts'
import { type Conductor, noConductor } from './conductor.ts'
import { derivationDeriver, derivationSpec } from './derivationDeriver.ts'
import { Driver } from './driver.ts'
import { engineDeriver, engineDeriverSpec } from './engineDeriver.ts'
import { engineFacts } from './engineFacts.ts'
import { engineReset, engineResetSpec } from './engineReset.ts'
import { EventSystem } from './eventSystem.ts'
import { finalizer, finalizerSpec } from './finality.ts'
import { followSource, followSourceSpec } from './followSource.ts'
import { Journal } from './journal.ts'
import { withL1Confirmations } from './l1ConfDepth.ts'
import { createNodeMetrics, type NodeMetrics } from './metrics.ts'
import { originCheck, originCheckSpec } from './originCheck.ts'
import { OriginSelector } from './originSelector.ts'
import { createPipelineMetrics } from './pipelineMetrics.ts'
import type { NodeGossip, RollupNodeOptions } from './rollupNodeOptions.ts'
import type { RuntimeConfig } from './runtimeConfig.ts'
import { type SafeDb, safeDbDeriver, safeDbSpec } from './safeDb.ts'
import { Sequencer, sequencerSpec } from './sequencer.ts'
import { sequencerTimer } from './sequencerTimer.ts'
import { statusSpec, statusTracker } from './statusTracker.ts'
import { stepScheduler, stepSchedulerSpec } from './stepScheduler.ts'
import { syncDeriver, syncSpec } from './syncDeriver.ts'
import { logTracer, metricsTracer } from './tracers.ts'

/** What the node opens while it starts; `null` before, and where the node has none. */
export type OpenedParts = {
  gossip: NodeGossip | null
  runtimeConfig: RuntimeConfig | null
  safeDb: SafeDb | null
  adminState: AdminState | null
  rpcServer: RpcServer | null
}

/** The parts of a rollup node, wired to each other; nothing of them runs yet. */
export type NodeParts = {
  readonly options: RollupNodeOptions
  readonly clock: Clock
  readonly log: Logger | RootLogger
  readonly registry: MetricRegistry
  readonly metrics: NodeMetrics
  readonly journal: Journal
  readonly system: EventSystem
  readonly driver: Driver
  readonly engine: EngineController
  readonly pipeline: DerivationPipeline
  readonly status: ReturnType<typeof statusTracker>
  readonly reset: ReturnType<typeof engineReset>
  readonly conductor: Conductor
  readonly sequencer: Sequencer | null
  readonly opened: OpenedParts
}

/**
 * L1 → derivation → engine; sequencer → engine and gossip. Every arrow is one argument.
 *
 * @param signal - ends what still waits for L1 when the node stops
 */
export function wireNode(options: RollupNodeOptions, signal: AbortSignal): NodeParts {
  const { config, l1Config, engine: client, clock = systemClock, log = nullLogger } = options
  const registry = options.metrics ?? nullMetrics
  const metrics = createNodeMetrics(registry, clock)
  const journal = new Journal(clock)
  const { client: l1, tracker } = options.l1
  const opened: OpenedParts = { gossip: null, runtimeConfig: null, safeDb: null, adminState: null, rpcServer: null }

  const tracers = [metricsTracer(metrics), logTracer(log), journal, ...(options.tracers ?? [])]
  const system = new EventSystem({ clock, log, tracers })
  const driver = new Driver({ system, clock, log })
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
    observer: engineFacts(system, journal),
  })
  const l2 = engine.chain

  const headNumber = () => tracker.heads.latest?.number ?? null
  const pipeline = createDerivationPipeline({
    config,
    l1Config,
    l1: withL1Confirmations(l1, options.verifierL1Confs ?? 0n, headNumber),
    blobs: options.blobs,
    l2,
    metrics: createPipelineMetrics(registry, clock),
    observer: options.observer,
  })
  const status = statusTracker({ log, metrics })
  const skipSyncStartCheck = options.skipSyncStartCheck ?? false
  const reset = engineReset({ config, engine, l1, driver, log, skipSyncStartCheck, signal })

  const conductor = options.sequencer?.conductor ?? noConductor
  const sequencer: Sequencer | null = options.sequencer
    ? new Sequencer({
        ...{ config, engine, conductor, driver, clock, log, metrics },
        attributes: createAttributesBuilder({ config, l1, l2, l1Config }),
        origins: new OriginSelector({
          config,
          l1: withL1Confirmations(l1, options.sequencer.l1Confs ?? 4n, headNumber),
          log,
          clock,
          recoverMode: (): boolean => sequencer?.recoverMode ?? false,
        }),
        options: {
          active: !(options.sequencer.stopped ?? false) && !conductor.enabled,
          maxSafeLag: options.sequencer.maxSafeLag ?? 0n,
          sealingDurationMs: options.sequencer.sealingDurationMs ?? 50,
          recoverMode: options.sequencer.recover ?? false,
        },
        publish: async (envelope) => opened.gossip?.publish(envelope),
        persist: async (active) => opened.adminState?.save(active),
      })
    : null

  return {
    ...{ options, clock, log, registry, metrics, journal, system, driver, engine, pipeline },
    ...{ status, reset, conductor, sequencer, opened },
  }
}

/** Registers the derivers, in the order in which each event is handed to them. */
export function registerDerivers(parts: NodeParts): void {
  const { options, system, driver, engine, pipeline, status, reset, sequencer, metrics, clock, log } = parts
  const { config, followStatus, finalityLookback: lookback, finalityDelay: delay, random = Math.random } = options
  const { client: l1 } = options.l1
  const { safeDb, gossip } = parts.opened

  system.register(statusSpec, status.deriver)
  if (safeDb) system.register(safeDbSpec, safeDbDeriver({ db: safeDb, genesis: config.genesis }))
  system.register(
    finalizerSpec,
    finalizer({
      ...{ engine, l1, driver, log },
      ...(lookback === undefined ? {} : { lookback }),
      ...(delay === undefined ? {} : { delay }),
    }),
  )
  system.register(stepSchedulerSpec, stepScheduler({ driver, log, random }))
  system.register(syncSpec, syncDeriver({ clock, engine, log, reset, follows: followStatus !== undefined }))
  system.register(engineResetSpec, reset.deriver)
  system.register(originCheckSpec, originCheck({ engine, l1, driver }))
  const onError = () => metrics.derivationErrors.record()
  system.register(derivationSpec, derivationDeriver({ pipeline, driver, log, onError }))
  system.register(attributesHandlerSpec, attributesHandler({ engine, log }))
  system.register(engineDeriverSpec, engineDeriver({ engine }))
  if (gossip) system.register(altSyncSpec, altSync({ config, engine, gossip, driver, log }))
  if (followStatus) {
    system.register(followSourceSpec, followSource({ config, engine, l1, driver, log, status: followStatus }))
  }
  if (sequencer) {
    system.register(sequencerSpec, sequencer.deriver)
    sequencerTimer({ sequencer, driver, clock })
  }
}
