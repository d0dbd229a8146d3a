import type { EngineController } from '@keelson/engine'
import type { L1HeadEvent } from '@keelson/l1'
import { checkRollupConfig, type ExecutionPayloadEnvelope, type SyncStatus } from '@keelson/protocol'
import { createLifecycle } from '@keelson/service'
import { createRpcServer, type RpcMethods } from '@keelson/service/node'
import { openAdminState } from './adminState.ts'
import type { Driver } from './driver.ts'
import type { Explanation } from './journal.ts'
import { registerDerivers, wireNode } from './nodeParts.ts'
import type { RollupNodeOptions } from './rollupNodeOptions.ts'
import { nodeMethods, servedMethods } from './rpc/nodeMethods.ts'
import { createRuntimeConfig } from './runtimeConfig.ts'
import { openSafeDb } from './safeDb.ts'
import type { Sequencer } from './sequencer.ts'
import { checkL1, checkL2 } from './startChecks.ts'

/** How long a stop waits for the sequencer to insert a block that others may know already. */
const HALT_MS = 2000

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
 * A rollup node that is wired and not started: L1 → derivation → engine, gossip → engine, sequencer → engine and gossip.
 *
 * @throws {RollupConfigError} the config cannot be used
 */
export function createRollupNode(options: RollupNodeOptions): RollupNode {
  const { config, version = 'v0.0.0-keelson' } = options
  checkRollupConfig(config)
  const stopping = new AbortController()
  const parts = wireNode(options, stopping.signal)
  const { clock, log, registry, metrics, journal, system, driver, engine, status, sequencer, opened } = parts
  const life = createLifecycle(log)

  const receive = (envelope: ExecutionPayloadEnvelope, source: 'gossip' | 'admin') => {
    metrics.recordPayload('received_payload', envelope.executionPayload)
    driver.emit({ type: 'received-unsafe-payload', envelope, source })
  }
  const methods = () => nodeMethods(parts, version, receive)

  const { promise: stopped, resolve: finish } = Promise.withResolvers<Error | null>()
  let closing: Promise<void> | null = null
  const close = (error: Error | null = null): Promise<void> => {
    closing ??= (async () => {
      stopping.abort(new Error('the node is stopping'))
      await life.close()
      finish(error)
    })()
    return closing
  }

  const l1Moved = ({ label, from, to, reorg }: L1HeadEvent) => {
    if (reorg && label === 'latest') {
      const reason = 'the L1 head was reorged'
      journal.record({ kind: 'mismatch', code: 'l1Reorg', reason, evidence: { from, to } })
    }
    driver.post(() => {
      if (label === 'safe') driver.emit({ type: 'l1-safe', ref: to })
      else {
        driver.emit(label === 'latest' ? { type: 'l1-unsafe', ref: to } : { type: 'finalized-l1', ref: to })
        driver.emit({ type: 'step-req', resetBackoff: false })
      }
    })
  }

  async function openL1(): Promise<void> {
    const { client, tracker } = options.l1
    tracker.on(l1Moved)
    journal.doing('waiting for L1')
    await life.step(
      'L1',
      async () => {
        await checkL1(config, client, { clock, log, signal: stopping.signal })
        await tracker.start(stopping.signal)
      },
      () => tracker.close(),
    )
  }

  async function openEngine(): Promise<void> {
    journal.doing('waiting for the engine')
    const wait = { clock, log, signal: stopping.signal, skipGenesis: options.syncMode === 'execution-layer' }
    await life.step('the L2 engine', () => checkL2(config, options.engine, wait))
  }

  async function openGossip(): Promise<void> {
    const { gossip: makeGossip, verifierL1Confs: l1Confs = 0n, runtimeConfigReloadMs = 600_000 } = options
    if (!makeGossip) return
    journal.doing('reading the runtime config')
    const { client: l1 } = options.l1
    const runtimeConfig = await life.step(
      'the runtime config',
      () =>
        createRuntimeConfig(
          { config, l1, l1Confs, reloadIntervalMs: runtimeConfigReloadMs, clock, log },
          stopping.signal,
        ),
      (config) => config.close(),
    )
    const gossip = await life.step(
      'P2P',
      () =>
        makeGossip({
          getUnsafeBlockSigner: () => runtimeConfig.unsafeBlockSigner(),
          payloadByNumber: (number) => options.engine.getBlock({ number }),
        }),
      (network) => network.close(),
    )
    gossip.onUnsafePayload((envelope, from) => {
      log.debug('Received an unsafe block', { number: envelope.executionPayload.blockNumber, from })
      driver.post(() => receive(envelope, 'gossip'))
    })
    opened.gossip = gossip
  }

  async function openFiles(): Promise<void> {
    const { safeDbPath, adminStatePath } = options
    if (safeDbPath) {
      opened.safeDb = await life.step(
        'the safe head database',
        () => openSafeDb(safeDbPath),
        (db) => db.close(),
      )
    }
    if (adminStatePath && sequencer) {
      opened.adminState = await life.step('the admin state', () => openAdminState(adminStatePath))
      const { sequencerStarted } = opened.adminState
      if (sequencerStarted !== null) sequencer.setInitiallyActive(sequencerStarted)
    }
  }

  async function openServers(): Promise<void> {
    const { rpc, servers = [] } = options
    if (rpc) {
      const { host, port, portFlag = 'rpc.port', enableAdmin = false } = rpc
      const served = servedMethods(methods(), enableAdmin)
      opened.rpcServer = await life.step(
        'the RPC',
        () => createRpcServer({ host, port, portFlag, methods: served, version, log, clock, metrics: registry }),
        (server) => server.close(),
      )
      log.info('RPC is open', { url: opened.rpcServer.url, admin: enableAdmin })
    }
    for (const server of servers) {
      await life.step(
        server.name,
        () => server.open(stopping.signal),
        (open) => open.close(),
      )
    }
  }

  async function startDriver(): Promise<void> {
    const onCritical = (error: Error) => {
      log.error('The node stops', { err: error.message })
      void close(new Error(`critical error: ${error.message}`, { cause: error }))
    }
    await life.step(
      'the driver',
      () => driver.start(onCritical),
      async () => {
        // A block that is already known to others shall be ours when we come back.
        if (sequencer?.active && !system.criticalError) {
          const late = new AbortController()
          const halted = driver.run(() => sequencer.stop({ persist: false })).then(({ done }) => done)
          await Promise.race([halted.catch(() => {}), clock.sleep(HALT_MS, late.signal).catch(() => {})])
          late.abort()
        }
        await driver.close()
      },
    )
  }

  async function start(): Promise<void> {
    log.info('Starting the rollup node', { version, l2ChainId: config.l2ChainId, sequencer: sequencer !== null })
    await openL1()
    await openEngine()
    await openGossip()
    await openFiles()
    registerDerivers(parts)
    await openServers()
    metrics.info.set({ version }, 1)
    metrics.up.set(1)
    await startDriver()
    log.info('Rollup node started')
  }

  return {
    async start(signal) {
      const abort = () => stopping.abort(signal?.reason)
      if (signal?.aborted) abort()
      signal?.addEventListener('abort', abort, { once: true })
      try {
        await start()
      } catch (error) {
        await close(error instanceof Error ? error : new Error(String(error)))
        throw error
      } finally {
        signal?.removeEventListener('abort', abort)
      }
    },
    close: () => close(),
    stopped,
    syncStatus: status.status,
    explain: () => journal.explain(),
    get rpcUrl() {
      return opened.rpcServer?.url ?? null
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
