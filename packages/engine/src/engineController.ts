import type {
  ExecutionClient,
  ExecutionPayloadEnvelope,
  L2BlockRef,
  PayloadAttributes,
  RollupConfig,
} from '@keelson/protocol'
import { type Clock, type Logger, type MetricRegistry, nullLogger, nullMetrics, systemClock } from '@keelson/service'
import type { DerivedAttributes } from './derivedAttributes.ts'
import { DerivedBlocks } from './derivedBlocks.ts'
import type { ElSyncState, EngineKind, SyncMode } from './elSync.ts'
import { ENGINE_CALL_TIMEOUT_MS, EngineCalls } from './engineCalls.ts'
import type { EngineObserver } from './engineObserver.ts'
import { EngineSync } from './engineSync.ts'
import { Forkchoice } from './forkchoice.ts'
import { type Heads, showBlock } from './heads.ts'
import { createL2Chain, type L2Chain } from './l2Chain.ts'
import { createEngineMetrics } from './metrics.ts'
import { PayloadBuilder } from './payloadBuilder.ts'
import type {
  BuildJob,
  DerivedOutcome,
  InsertOutcome,
  SealOutcome,
  StartOutcome,
  UnsafeQueueOutcome,
} from './payloadOutcome.ts'
import type { SyncStart } from './syncStart.ts'
import { UnsafeBlocks, type UnsafeQueueStatus } from './unsafeBlocks.ts'

export type EngineControllerOptions = {
  readonly config: RollupConfig
  readonly engine: ExecutionClient
  readonly chain?: L2Chain
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
  readonly observer?: EngineObserver
  readonly syncMode?: SyncMode
  readonly engineKind?: EngineKind
  /** After an engine sync, safe and finalized stay this far behind the tip. */
  readonly elSafeOffsetSeconds?: bigint
  readonly callTimeoutMs?: number
  readonly maxUnsafeQueueBytes?: number
}

/**
 * The one place that moves the heads of the L2 chain: `unsafe ≥ pendingSafe ≥ safe ≥ finalized`.
 *
 * Not re-entrant: the caller (the node's event loop) awaits each call before the next. Methods reject with
 * {@link EngineError}, whose severity says what to do; payloads and attributes that are at fault are outcomes.
 *
 * @see specs/protocol/derivation.md#engine-queue
 */
export class EngineController {
  readonly chain: L2Chain
  readonly #calls: EngineCalls
  readonly #log: Logger
  readonly #forkchoice: Forkchoice
  readonly #builder: PayloadBuilder
  readonly #derived: DerivedBlocks
  readonly #elSync: EngineSync
  readonly #unsafe: UnsafeBlocks
  #initialized = false

  constructor(options: EngineControllerOptions) {
    const { config, engine, clock = systemClock, log = nullLogger, observer = {} } = options
    const metrics = createEngineMetrics(options.metrics ?? nullMetrics)
    const chain = options.chain ?? createL2Chain({ config, engine })
    const timeoutMs = options.callTimeoutMs ?? ENGINE_CALL_TIMEOUT_MS
    const calls = new EngineCalls({ engine, clock, metrics, timeoutMs })
    const isElSyncing = () => this.isElSyncing
    const forkchoice = new Forkchoice({
      ...{ calls, log, isElSyncing },
      headsMoved: (change) => observer.headsMoved?.(change),
    })
    this.chain = chain
    this.#calls = calls
    this.#log = log
    this.#forkchoice = forkchoice
    this.#builder = new PayloadBuilder({ config, calls, forkchoice, isElSyncing, clock, log })
    this.#derived = new DerivedBlocks({
      ...{ config, engine, calls, forkchoice, isElSyncing, observer, metrics, log },
      builder: this.#builder,
    })
    this.#elSync = new EngineSync({
      ...{ config, chain, calls, forkchoice, clock, log },
      mode: options.syncMode ?? 'consensus-layer',
      engineKind: options.engineKind ?? 'geth',
      safeOffsetSeconds: options.elSafeOffsetSeconds ?? 0n,
      changed: (state) => observer.elSyncChanged?.(state),
    })
    this.#unsafe = new UnsafeBlocks({
      ...{ config, calls, forkchoice, observer, metrics, log },
      elSync: this.#elSync,
      maxQueueBytes: options.maxUnsafeQueueBytes,
    })
  }

  get heads(): Heads {
    return this.#forkchoice.heads
  }

  /** Whether a reset has found the heads. */
  get initialized(): boolean {
    return this.#initialized
  }

  get elSync(): ElSyncState {
    return this.#elSync.state
  }

  get isElSyncing(): boolean {
    return this.#elSync.isSyncing
  }

  /** Whether the engine still has to be told of the heads. */
  get forkchoicePending(): boolean {
    return this.#forkchoice.pending
  }

  /** The unsafe head that may be restored, or `null`. */
  get backupUnsafe(): L2BlockRef | null {
    return this.#derived.backupUnsafe
  }

  /** Number of queued unsafe payloads, and the lowest of them. */
  get unsafeQueue(): UnsafeQueueStatus {
    return this.#unsafe.queue
  }

  /** Until the next {@link reset} no unsafe payload is processed: the sync start is being looked for. */
  suspend(): void {
    this.#initialized = false
  }

  /** Takes over the heads that the sync start found; the engine is told of them first of all. */
  reset(start: SyncStart): void {
    this.#derived.reset()
    this.#initialized = true
    this.#forkchoice.propose({ ...start, pendingSafe: start.safe }, 'reset')
  }

  /** Tells the engine of the heads if it does not know them yet. @throws {EngineError} as {@link Forkchoice.tryUpdateEngine} */
  async tryUpdateEngine(): Promise<void> {
    await this.#forkchoice.tryUpdateEngine()
  }

  // ── Building ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Asks the engine to build on `parent`. @throws {EngineError} as {@link PayloadBuilder.start} */
  async startPayload(parent: L2BlockRef, attributes: PayloadAttributes): Promise<StartOutcome> {
    return this.#builder.start(parent, attributes)
  }

  /** Takes the built block out of the engine; nothing is inserted yet. @throws {EngineError} as {@link PayloadBuilder.seal} */
  async sealPayload(job: BuildJob): Promise<SealOutcome> {
    return this.#builder.seal(job)
  }

  /** Lets the engine forget a job: what it built is dropped. Never rejects. */
  async cancelPayload(job: BuildJob): Promise<void> {
    await this.#builder.cancel(job)
  }

  /** Makes a sealed block of our own the unsafe head. @throws {EngineError} any but those of building */
  async insertSequenced(envelope: ExecutionPayloadEnvelope): Promise<InsertOutcome> {
    return this.#unsafe.insert(envelope, 'sequenced')
  }

  // ── Unsafe blocks from peers ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a payload from gossip, a peer or the operator: into the queue, or straight to an engine that syncs by itself.
   *
   * @throws {EngineError} only while the engine syncs
   */
  async receiveUnsafePayload(envelope: ExecutionPayloadEnvelope): Promise<'queued' | UnsafeQueueOutcome> {
    return this.#unsafe.receive(envelope)
  }

  /**
   * Looks at the lowest queued payload and inserts it if it extends the unsafe head. Forkchoice updates that wait go
   * first.
   */
  async processNextUnsafe(): Promise<UnsafeQueueOutcome> {
    if (!this.#initialized) return 'waiting'
    await this.tryUpdateEngine()
    return this.#unsafe.processNext()
  }

  // ── Derived blocks ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Makes the block that derived attributes describe the next (pending) safe one: by recognizing the unsafe block that
   * is already there, or by building it.
   *
   * @see specs/protocol/derivation.md#l1-consolidation-payload-attributes-matching
   */
  async processDerived(derived: DerivedAttributes): Promise<DerivedOutcome> {
    return this.#derived.process(derived)
  }

  /**
   * Goes back to the unsafe head that an abandoned span replaced, once; `true` when it was tried.
   *
   * @throws {EngineError} `forkchoiceInconsistent`, `backupRestoreFailed`, `refused`, `unreachable`
   */
  async tryBackupUnsafeReorg(): Promise<boolean> {
    return this.#derived.tryBackupUnsafeReorg()
  }

  /**
   * Marks a safe block as finalized. Never moves back and never passes safe: such a call is refused with `false`.
   */
  promoteFinalized(ref: L2BlockRef): boolean {
    const { finalized, safe } = this.heads
    if (ref.number < finalized.number || ref.number > safe.number) {
      this.#log.error('Refused to move the finalized head', {
        to: showBlock(ref),
        finalized: showBlock(finalized),
        safe: showBlock(safe),
      })
      return false
    }
    if (ref.hash === finalized.hash) return true
    this.#forkchoice.propose({ finalized: ref }, 'finalized')
    return true
  }

  /**
   * Takes over safe and finalized heads that another node derived; `missing`: the engine does not have them yet, so
   * nothing was moved. Heads never go back.
   *
   * @throws {EngineError} as {@link EngineController.tryUpdateEngine}
   */
  async followSafe(safe: L2BlockRef, finalized: L2BlockRef): Promise<'followed' | 'missing'> {
    await this.tryUpdateEngine()
    const before = this.heads
    if (safe.number < before.safe.number) return 'followed'
    const [known, canonical] = await this.#calls.ask('followed block read', async (call) => [
      await this.chain.getL2BlockRefByHash(safe.hash, call),
      await this.chain.getL2BlockRefByNumber(safe.number, call),
    ])
    if (!known) return 'missing'
    const unsafe = canonical?.hash === safe.hash && before.unsafe.number >= safe.number ? before.unsafe : safe
    const final =
      finalized.number > before.finalized.number && finalized.number <= safe.number ? finalized : before.finalized
    if (safe.hash === before.safe.hash && final.hash === before.finalized.hash) return 'followed'
    this.#forkchoice.propose({ unsafe, pendingSafe: safe, safe, finalized: final }, 'followed')
    await this.tryUpdateEngine()
    return 'followed'
  }
}
