import type { AttributesBuilder } from '@keelson/derive'
import {
  type BuildJob,
  type EngineController,
  EngineError,
  type Heads,
  type SealedBlock,
  type SealOutcome,
  showBlock,
  showHeads,
} from '@keelson/engine'
import {
  type ExecutionPayloadEnvelope,
  type Hash,
  isDepositTx,
  type L1BlockRef,
  type L2BlockRef,
  type PayloadAttributes,
  type RollupConfig,
} from '@keelson/protocol'
import { type Clock, errorText, type Logger } from '@keelson/service'
import type { Conductor } from './conductor.ts'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'
import type { NodeMetrics } from './metrics.ts'
import { OriginError, type OriginSelector } from './originSelector.ts'
import { severityOf } from './reactTo.ts'
import { sequencedAttributes } from './sequencedAttributes.ts'
import { SequencerError } from './sequencerError.ts'
import { SequencerPlan } from './sequencerPlan.ts'
import { SequencerWork, type Work } from './sequencerWork.ts'

/** Builds unsafe blocks on time. */
export const sequencerSpec = {
  name: 'sequencer',
  emits: [],
  handles: ['sequencer-action', 'forkchoice-update', 'reset-event', 'engine-reset-confirmed'],
} as const

/** Wait after a failure that may pass. */
const RETRY_MS = 1000
/** Wait while the engine syncs. */
const SYNCING_RETRY_MS = 30_000

export type SequencerOptions = {
  /** Sequence from the start. */
  readonly active: boolean
  /** Stall when the unsafe head is this far ahead of the safe head; 0: never. */
  readonly maxSafeLag: bigint
  /** Time kept for sealing before a block is due. */
  readonly sealingDurationMs: number
  readonly recoverMode: boolean
}

export type SequencerParts = {
  readonly config: RollupConfig
  readonly engine: EngineController
  readonly attributes: AttributesBuilder
  readonly origins: OriginSelector
  readonly conductor: Conductor
  readonly driver: Pick<Driver, 'background' | 'emit'>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: NodeMetrics
  readonly options: SequencerOptions
  /** Makes a block known. A failure is counted and does not stop sequencing. */
  readonly publish: (envelope: ExecutionPayloadEnvelope) => Promise<void>
  /** Told when sequencing was started or stopped, to be kept over a restart. Rejects: the change is refused. */
  readonly persist?: (active: boolean) => Promise<void>
}

/**
 * Plans the next action, starts a block, seals it, publishes it, inserts it, and again.
 *
 * @see specs/protocol/rollup-node.md
 */
export class Sequencer {
  readonly #parts: SequencerParts
  readonly #plan: SequencerPlan
  readonly #work = new SequencerWork()
  #active: boolean
  #recover: boolean
  #head: L2BlockRef | null = null

  constructor(parts: SequencerParts) {
    this.#parts = parts
    this.#active = parts.options.active
    this.#plan = new SequencerPlan({
      clock: parts.clock,
      blockTimeMs: this.#blockTimeMs,
      maxSafeLag: parts.options.maxSafeLag,
    })
    this.#recover = parts.options.recoverMode
    parts.metrics.sequencerActive.set(this.#active ? 1 : 0)
  }

  get active(): boolean {
    return this.#active
  }

  get phase(): Work['phase'] {
    return this.#work.now.phase
  }

  get recoverMode(): boolean {
    return this.#recover
  }

  /** Whether it waits for the safe head to come closer. */
  get stalledBySafeLag(): boolean {
    return this.#plan.stalledBySafeLag
  }

  /** When the driver shall ring, or `null`. */
  get nextActionMs(): number | null {
    return this.#active ? this.#plan.nextMs : null
  }

  readonly deriver = (_emit: EmitOf<typeof sequencerSpec>): HandlersOf<typeof sequencerSpec> => {
    return {
      'sequencer-action': () => this.#act(),
      'forkchoice-update': ({ heads, cause }) => {
        if (cause === 'derived' && this.#active) {
          this.#parts.log.debug('Derivation built a block: sequencing begins anew on it', {
            head: showBlock(heads.unsafe),
          })
        }
        this.#headMoved(heads)
      },
      'reset-event': () => this.#onReset(),
      'engine-reset-confirmed': ({ heads }) => {
        const isFirst = this.#head === null
        this.#head = heads.unsafe
        // The engine has just churned through a reset; waiting also keeps resets from chasing each other.
        this.#plan.wait(isFirst ? 0 : this.#blockTimeMs)
      },
    }
  }

  /**
   * Begins to sequence on `head`, which must be the unsafe head. In a turn of the driver loop.
   *
   * @throws {SequencerError}
   */
  async start(head: Hash): Promise<void> {
    const { conductor } = this.#parts
    if (!(await conductor.leader())) throw new SequencerError('notLeader', {})
    if (this.#active) throw new SequencerError('alreadyRunning', {})
    if (!this.#head) throw new SequencerError('noPrestate', { head })
    if (this.#head.hash !== head.toLowerCase()) {
      throw new SequencerError('headMismatch', { head: this.#head, received: head })
    }
    await this.#parts.persist?.(true)
    this.#setActive(true)
    this.#work.finish()
    this.#plan.planNow()
    this.#parts.log.info('Sequencer has been started', { head: showBlock(this.#head) })
  }

  /**
   * Stops sequencing; a block that was sealed is inserted first. In a turn of the driver loop: the wait is in `done`.
   * Without `persist` the next start of the node sequences again.
   *
   * @throws {SequencerError} `notRunning`
   */
  async stop({ persist = true } = {}): Promise<{ done: Promise<Hash> }> {
    if (!this.#active) throw new SequencerError('notRunning', {})
    if (persist) await this.#parts.persist?.(false)
    const finish = (): Hash => {
      this.#setActive(false)
      void this.#dropJob()
      this.#plan.clear()
      this.#parts.log.warn('Sequencer has been stopped', { head: showBlock(this.#parts.engine.heads.unsafe) })
      return this.#parts.engine.heads.unsafe.hash
    }
    return { done: this.#work.untilInserted().then(finish) }
  }

  /** Before the driver runs: what was persisted beats what was configured. */
  setInitiallyActive(active: boolean): void {
    this.#setActive(active)
  }

  setMaxSafeLag(lag: bigint): void {
    this.#plan.maxSafeLag = lag
    this.#headMoved(this.#parts.engine.heads)
  }

  setRecoverMode(on: boolean): void {
    this.#recover = on
    this.#parts.log.warn('Recover mode', { on })
  }

  #setActive(active: boolean): void {
    this.#active = active
    this.#parts.metrics.sequencerActive.set(active ? 1 : 0)
  }

  get #blockTimeMs(): number {
    return Number(this.#parts.config.blockTime) * 1000
  }

  #headMoved(heads: Heads): void {
    const { unsafe, safe } = heads
    this.#head = unsafe
    if (!this.#active) return
    const { driver, origins, log } = this.#parts
    driver.background(
      () => origins.prefetch(unsafe),
      () => {},
    )
    if (this.#work.isStale(unsafe)) void this.#dropJob()
    if (this.#plan.measureLag(heads)) {
      log.warn('The safe head has fallen behind: no new blocks until it comes closer', {
        ...showHeads({ safe, unsafe }),
        maxSafeLag: this.#plan.maxSafeLag,
      })
    }
    if (this.#work.isIdle) this.#plan.planStart(unsafe)
  }

  /** Forgets what is being built. */
  async #dropJob(): Promise<void> {
    const work = this.#work.drop()
    if (work.phase === 'building') await this.#parts.engine.cancelPayload(work.job)
  }

  async #onReset(): Promise<void> {
    this.#plan.clear()
    this.#parts.origins.reset()
    if (this.#work.isIdle) return
    this.#parts.log.warn('A reset interrupts the sequencer', { phase: this.#work.now.phase })
    this.#parts.metrics.sequencerResets.record()
    await this.#dropJob()
  }

  async #act(): Promise<void> {
    if (!this.#active || !this.#plan.isDue) return
    this.#plan.clear()
    if (!this.#parts.engine.initialized) return
    const work = this.#work.now
    if (work.phase === 'idle') this.#prepare()
    else if (work.phase === 'building') await this.#seal(work.job)
    else if (work.phase === 'sealed') await this.#insert(work.sealed)
  }

  // ── Start ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #prepare(): void {
    const parent = this.#head
    if (!parent) return
    const { driver } = this.#parts
    this.#work.set({ phase: 'preparing', parent })
    const isCurrent = this.#work.ticket()
    driver.background(
      () => sequencedAttributes(this.#parts, parent, this.#recover),
      async ({ attributes, origin }) => {
        if (isCurrent() && this.#active) await this.#startBuild(parent, attributes, origin)
      },
      (error) => {
        if (!isCurrent()) return
        this.#work.finish()
        if (error instanceof OriginError && error.fault.code === 'notNext') {
          this.#parts.metrics.sequencerInconsistentL1Origin.record()
        }
        this.#failed('Could not prepare a block', error)
      },
    )
  }

  async #startBuild(parent: L2BlockRef, attributes: PayloadAttributes, origin: L1BlockRef): Promise<void> {
    const { engine, log } = this.#parts
    this.#work.finish()
    if (engine.heads.unsafe.hash !== parent.hash) {
      this.#headMoved(engine.heads)
      return
    }
    try {
      const started = await engine.startPayload(parent, attributes)
      if (started.kind === 'invalid') {
        this.#startOver('The engine refuses the attributes', started.reason)
        return
      }
      log.debug('Started building a block', {
        parent: showBlock(parent),
        l1Origin: showBlock(origin),
        noTxPool: attributes.noTxPool,
      })
      this.#work.set({ phase: 'building', job: started.job })
      this.#plan.planSeal(parent, this.#parts.options.sealingDurationMs)
    } catch (error) {
      this.#failed('Could not start a block', error)
    }
  }

  // ── Seal, publish, insert ───────────────────────────────────────────────────────────────────────────────────────

  async #seal(job: BuildJob): Promise<void> {
    const { engine, clock, metrics, conductor, driver } = this.#parts
    const startedMs = clock.now()
    let sealed: SealOutcome
    try {
      sealed = await engine.sealPayload(job)
    } catch (error) {
      // A lost job cannot be sealed later.
      if (error instanceof EngineError && error.fault.code === 'payloadExpired') this.#work.finish()
      this.#failed('Could not seal the block', error)
      return
    }
    metrics.sealingTotal.inc()
    metrics.sealingSeconds.observe((clock.now() - startedMs) / 1000)
    metrics.buildingDiffTotal.inc()
    metrics.buildingDiffSeconds.observe((clock.now() - job.startedMs - this.#blockTimeMs) / 1000)
    if (sealed.kind === 'invalid') {
      this.#work.finish()
      this.#startOver('The sealed block is invalid', sealed.reason)
      return
    }
    const block: SealedBlock = sealed
    this.#work.set({ phase: 'committing', sealed: block })
    if (!conductor.enabled) {
      await this.#committed(block)
      return
    }
    const isCurrent = this.#work.ticket()
    driver.background(
      () => conductor.commitUnsafePayload(block.envelope),
      async () => {
        if (isCurrent()) await this.#committed(block)
      },
      (error) => {
        if (!isCurrent()) return
        // Not agreed upon, so not published: the job is still there to be sealed again.
        this.#work.set({ phase: 'building', job })
        this.#failed('The conductor did not commit the block', toTemporary(error))
      },
    )
  }

  async #committed(sealed: SealedBlock): Promise<void> {
    const { publish, metrics, log } = this.#parts
    this.#work.set({ phase: 'sealed', sealed })
    publish(sealed.envelope).catch((error) => {
      metrics.publishingErrors.record()
      log.warn('Could not publish a new block', { number: sealed.ref.number, hash: sealed.ref.hash, err: error })
    })
    await this.#insert(sealed)
  }

  async #insert(sealed: SealedBlock): Promise<void> {
    const { engine, metrics, log } = this.#parts
    try {
      const outcome = await engine.insertSequenced(sealed.envelope)
      this.#work.finish()
      if (outcome.kind === 'invalid') {
        this.#startOver('Our own block is invalid', outcome.reason)
        return
      }
      const { transactions } = sealed.envelope.executionPayload
      const deposits = transactions.filter(isDepositTx).length
      metrics.transactionsSequenced.inc({ type: 'deposits' }, deposits)
      metrics.transactionsSequenced.inc({ type: 'txns' }, transactions.length - deposits)
      log.info('Sequenced a block', {
        number: sealed.ref.number,
        hash: sealed.ref.hash,
        l1Origin: sealed.ref.l1Origin.number,
        txs: transactions.length,
      })
    } catch (error) {
      if (severityOf(error) !== 'temporary') this.#work.finish()
      this.#failed('Could not insert the block', error)
    }
  }

  // ── Failure ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #startOver(message: string, reason: string): void {
    this.#parts.log.error(message, { reason })
    this.#parts.metrics.sequencingErrors.record()
    this.#plan.wait(this.#blockTimeMs)
  }

  /** Temporary: again later, with the same job. Reset and critical go to whom they concern. */
  #failed(message: string, error: unknown): void {
    const { log, metrics } = this.#parts
    metrics.sequencingErrors.record()
    if (severityOf(error) === 'temporary') {
      const syncing = error instanceof EngineError && error.fault.code === 'syncing'
      log.warn(message, { err: errorText(error) })
      this.#plan.wait(syncing ? SYNCING_RETRY_MS : RETRY_MS)
      return
    }
    log.error(message, { err: error })
    void this.#dropJob()
    throw error
  }
}

/** What the conductor could not do may work later. */
function toTemporary(error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error))
  return Object.assign(new Error(cause.message, { cause }), { severity: 'temporary' as const })
}
