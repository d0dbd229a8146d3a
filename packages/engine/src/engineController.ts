import {
  type ExecutionClient,
  type ExecutionPayloadEnvelope,
  type ForkchoiceState,
  isDepositTx,
  isForkActive,
  type L1BlockRef,
  type L2BlockRef,
  type PayloadAttributes,
  type PayloadId,
  type PayloadStatus,
  payloadToL2BlockRef,
  type RollupConfig,
} from '@keelson/protocol'
import { type Clock, type Logger, type MetricRegistry, nullLogger, nullMetrics, systemClock } from '@keelson/service'
import { type AttributesMismatch, findAttributesMismatch } from './attributesMatch.ts'
import { type DerivedAttributes, isDepositsOnly, withDepositsOnly } from './derivedAttributes.ts'
import { decideElSync, type ElSyncState, type EngineKind, initialElSync, isElSyncing, type SyncMode } from './elSync.ts'
import { ENGINE_CALL_TIMEOUT_MS, EngineCalls, type Invalid } from './engineCalls.ts'
import { EngineError } from './errors.ts'
import { type Heads, type HeadsCause, NO_HEADS, showBlock, showHeads } from './heads.ts'
import { createL2Chain, type L2Chain } from './l2Chain.ts'
import { createEngineMetrics, type EngineMetrics } from './metrics.ts'
import type { SyncStart } from './syncStart.ts'
import { judgeUnsafePayload } from './unsafePolicy.ts'
import { UnsafePayloadQueue } from './unsafeQueue.ts'

/** What the controller tells whoever coordinates. Called synchronously, after the fact. */
export type EngineObserver = {
  /** The engine accepted new heads. */
  headsMoved?(change: { from: Heads; to: Heads; cause: HeadsCause }): void
  /** `safe` was made safe by data up to L1 block `derivedFrom`. */
  safeDerived?(safe: L2BlockRef, derivedFrom: L1BlockRef): void
  /** An unsafe payload was dropped. */
  unsafeDropped?(drop: { block: { hash: string; number: bigint }; reason: string }): void
  /** An unsafe block gives way to what L1 says. */
  unsafeMismatch?(mismatch: AttributesMismatch & { number: bigint; hash: string }): void
  /** Derived attributes were invalid; `replaced`: by their deposits. */
  derivedInvalid?(fault: { parent: L2BlockRef; reason: string; replaced: boolean }): void
  elSyncChanged?(state: ElSyncState): void
}

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

/** A block that the engine is building. */
export type BuildJob = {
  readonly id: PayloadId
  readonly parent: L2BlockRef
  readonly attributes: PayloadAttributes
  /** Clock time at which it was started. */
  readonly startedMs: number
}

export type StartOutcome = { readonly kind: 'started'; readonly job: BuildJob } | Invalid
export type SealedBlock = { readonly envelope: ExecutionPayloadEnvelope; readonly ref: L2BlockRef }
export type SealOutcome = ({ readonly kind: 'sealed' } & SealedBlock) | Invalid
export type InsertOutcome = { readonly kind: 'inserted'; readonly ref: L2BlockRef } | Invalid

/**
 * - `consolidated`: the unsafe block already there is what L1 says.
 * - `built`: a new block was built from the attributes.
 * - `replaced`: a new block was built from their deposits; the rest of the channel must be flushed (Holocene).
 * - `invalid`: dropped; the next batch for this timestamp is to be tried.
 * - `stale`: the heads have moved past these attributes, or back below them.
 */
export type DerivedOutcome = 'consolidated' | 'built' | 'replaced' | 'invalid' | 'stale'

export type UnsafeQueueOutcome = 'empty' | 'waiting' | 'inserted' | 'dropped'

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
  readonly #config: RollupConfig
  readonly #engine: ExecutionClient
  readonly #calls: EngineCalls
  readonly #clock: Clock
  readonly #log: Logger
  readonly #metrics: EngineMetrics
  readonly #observer: EngineObserver
  readonly #engineKind: EngineKind
  readonly #elSafeOffsetSeconds: bigint
  readonly #queue: UnsafePayloadQueue
  #heads: Heads = NO_HEADS
  /** What the observer was told last. */
  #announced: Heads = NO_HEADS
  #cause: HeadsCause = 'reset'
  #initialized = false
  #forkchoicePending = false
  #elSync: ElSyncState
  /** The unsafe head that a derived block replaced, for as long as its batch is not complete. */
  #backup: { readonly head: L2BlockRef; readonly restore: boolean } | null = null

  constructor(options: EngineControllerOptions) {
    this.#config = options.config
    this.#engine = options.engine
    this.#clock = options.clock ?? systemClock
    this.#log = options.log ?? nullLogger
    this.#metrics = createEngineMetrics(options.metrics ?? nullMetrics)
    this.#observer = options.observer ?? {}
    this.#engineKind = options.engineKind ?? 'geth'
    this.#elSafeOffsetSeconds = options.elSafeOffsetSeconds ?? 0n
    this.#queue = new UnsafePayloadQueue(options.maxUnsafeQueueBytes)
    this.#elSync = initialElSync(options.syncMode ?? 'consensus-layer')
    this.chain = options.chain ?? createL2Chain({ config: options.config, engine: options.engine })
    this.#calls = new EngineCalls({
      engine: options.engine,
      clock: this.#clock,
      metrics: this.#metrics,
      timeoutMs: options.callTimeoutMs ?? ENGINE_CALL_TIMEOUT_MS,
    })
  }

  get heads(): Heads {
    return this.#heads
  }

  /** Whether a reset has found the heads. */
  get initialized(): boolean {
    return this.#initialized
  }

  get elSync(): ElSyncState {
    return this.#elSync
  }

  get isElSyncing(): boolean {
    return isElSyncing(this.#elSync)
  }

  /** Whether the engine still has to be told of the heads. */
  get forkchoicePending(): boolean {
    return this.#forkchoicePending
  }

  /** The unsafe head that may be restored, or `null`. */
  get backupUnsafe(): L2BlockRef | null {
    return this.#backup?.head ?? null
  }

  /** Number of queued unsafe payloads, and the lowest of them. */
  get unsafeQueue(): { readonly length: number; readonly bytes: number; readonly lowest: L2BlockIdWithParent | null } {
    const lowest = this.#queue.peek()?.executionPayload
    return {
      length: this.#queue.length,
      bytes: this.#queue.bytes,
      lowest: lowest ? { hash: lowest.blockHash, number: lowest.blockNumber, parentHash: lowest.parentHash } : null,
    }
  }

  /** Until the next {@link reset} no unsafe payload is processed: the sync start is being looked for. */
  suspend(): void {
    this.#initialized = false
  }

  /** Takes over the heads that the sync start found; the engine is told of them first of all. */
  reset(start: SyncStart): void {
    this.#backup = null
    this.#initialized = true
    this.#setHeads({ ...start, pendingSafe: start.safe }, 'reset')
    this.#forkchoicePending = true
  }

  /**
   * Tells the engine of the heads if it does not know them yet.
   *
   * @throws {EngineError} `unsafeBelowFinalized`, `forkchoiceInconsistent`, `forkchoiceNotAccepted`, `refused`, `unreachable`
   * @see specs/protocol/derivation.md#forkchoice-synchronization
   */
  async tryUpdateEngine(): Promise<void> {
    if (!this.#forkchoicePending) return
    const { unsafe, finalized } = this.#heads
    this.#checkAboveFinalized(unsafe)
    const status = await this.#calls.forkchoice('forkchoice update', forkchoiceState(this.#heads))
    const syncing = this.isElSyncing && status.status === 'SYNCING'
    if (status.status !== 'VALID' && !syncing) {
      const reason = status.validationError ?? ''
      throw new EngineError('forkchoiceNotAccepted', { head: unsafe.hash, status: status.status, reason })
    }
    this.#log.debug('Told the engine of the heads', showHeads({ unsafe, safe: this.#heads.safe, finalized }))
    this.#forkchoicePending = false
    this.#announce()
  }

  // ── Building ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Asks the engine to build on `parent`. @throws {EngineError} as {@link EngineCalls.startBuild} */
  async startPayload(parent: L2BlockRef, attributes: PayloadAttributes): Promise<StartOutcome> {
    if (this.isElSyncing) throw new EngineError('syncing', { call: 'build start' })
    this.#checkAboveFinalized(parent)
    const state = forkchoiceState({ ...this.#heads, unsafe: parent })
    const started = await this.#calls.startBuild(state, parent, attributes).catch(async (error: unknown) => {
      if (error instanceof EngineError && error.fault.code === 'syncing') await this.#checkHeadIsThere(parent)
      throw error
    })
    if (started.kind === 'invalid') return started
    return { kind: 'started', job: { id: started.id, parent, attributes, startedMs: this.#clock.now() } }
  }

  /** Takes the built block out of the engine; nothing is inserted yet. */
  async sealPayload(job: BuildJob): Promise<SealOutcome> {
    const envelope = await this.#calls.getPayload(job.id, job.attributes.timestamp)
    const fault = sealedPayloadFault(envelope)
    if (fault) return { kind: 'invalid', reason: fault }
    return this.#withRef(envelope, (ref) => ({ kind: 'sealed', envelope, ref }))
  }

  /** Lets the engine forget a job: what it built is dropped. Never rejects. */
  async cancelPayload(job: BuildJob): Promise<void> {
    try {
      await this.#calls.getPayload(job.id, job.attributes.timestamp)
    } catch (error) {
      this.#log.debug('The cancelled payload was not there any more', { id: job.id, err: error })
    }
  }

  /** Makes a sealed block of our own the unsafe head. @throws {EngineError} any but those of building */
  async insertSequenced(envelope: ExecutionPayloadEnvelope): Promise<InsertOutcome> {
    return this.#withRef(envelope, async (ref) => this.#insertUnsafe(envelope, ref, 'sequenced'))
  }

  // ── Unsafe blocks from peers ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a payload from gossip, a peer or the operator: into the queue, or straight to an engine that syncs by itself.
   *
   * @throws {EngineError} only while the engine syncs
   */
  async receiveUnsafePayload(envelope: ExecutionPayloadEnvelope): Promise<'queued' | UnsafeQueueOutcome> {
    if (this.isElSyncing) return this.#insertWhileSyncing(envelope)
    const { result, evicted } = this.#queue.add(envelope)
    for (const payload of evicted) this.#dropped(payload, 'queueFull')
    this.#gaugeQueue()
    if (result === 'added') return 'queued'
    this.#dropped(envelope, result)
    return 'dropped'
  }

  /**
   * Looks at the lowest queued payload and inserts it if it extends the unsafe head. Forkchoice updates that wait go
   * first.
   */
  async processNextUnsafe(): Promise<UnsafeQueueOutcome> {
    if (!this.#initialized) return 'waiting'
    await this.tryUpdateEngine()
    const envelope = this.#queue.peek()
    if (!envelope) return 'empty'
    const { executionPayload: payload } = envelope
    const verdict = judgeUnsafePayload(payload, this.#heads)
    if (verdict.action === 'wait') return 'waiting'
    if (verdict.action === 'drop') {
      this.#removeQueued(envelope, verdict.reason)
      return 'dropped'
    }
    const outcome = await this.#withRef(envelope, async (ref) => this.#insertUnsafe(envelope, ref, 'gossip'))
    if (outcome.kind === 'invalid') {
      this.#log.warn('An unsafe payload is invalid', {
        number: payload.blockNumber,
        hash: payload.blockHash,
        reason: outcome.reason,
      })
      this.#removeQueued(envelope, 'invalid')
      return 'dropped'
    }
    this.#queue.remove(payload.blockHash)
    this.#gaugeQueue()
    return 'inserted'
  }

  // ── Derived blocks ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Makes the block that derived attributes describe the next (pending) safe one: by recognizing the unsafe block that
   * is already there, or by building it.
   *
   * @see specs/protocol/derivation.md#l1-consolidation-payload-attributes-matching
   */
  async processDerived(derived: DerivedAttributes): Promise<DerivedOutcome> {
    await this.tryUpdateEngine()
    const { unsafe, pendingSafe } = this.#heads
    if (pendingSafe.number > unsafe.number) {
      throw new EngineError('headsOutOfOrder', { pendingSafe: pendingSafe.number, unsafe: unsafe.number })
    }
    const { parent } = derived
    if (parent.number !== pendingSafe.number) return 'stale'
    if (parent.hash !== pendingSafe.hash) {
      throw new EngineError('attributesParentMismatch', {
        parent: parent.hash,
        pendingSafe: pendingSafe.hash,
        number: pendingSafe.number,
      })
    }
    if (pendingSafe.number < unsafe.number && (await this.#consolidate(derived))) return 'consolidated'
    return this.#buildDerived(derived)
  }

  /** Recognizes the existing unsafe block; `false` when L1 says something else. */
  async #consolidate(derived: DerivedAttributes): Promise<boolean> {
    const number = derived.parent.number + 1n
    const existing = await this.#calls.ask('block read', (call) => this.#engine.getBlock({ number }, call))
    if (!existing) throw new EngineError('unsafeBlockMissing', { number })
    const mismatch = findAttributesMismatch(this.#config, derived.attributes, derived.parent.hash, existing)
    this.#metrics.consolidations.inc({ outcome: mismatch ? 'mismatch' : 'match' })
    const { executionPayload: payload } = existing
    if (mismatch) {
      this.#log.warn('The unsafe block is not what L1 says', { number, hash: payload.blockHash, ...mismatch })
      this.#observer.unsafeMismatch?.({ ...mismatch, number, hash: payload.blockHash })
      return false
    }
    this.#promotePending(payloadToL2BlockRef(this.#config, payload), derived, 'consolidated')
    if (this.#forkchoicePending) await this.tryUpdateEngine()
    else this.#announce()
    return true
  }

  async #buildDerived(derived: DerivedAttributes): Promise<DerivedOutcome> {
    const invalid = await this.#tryBuildDerived(derived)
    if (!invalid) return 'built'
    const { attributes, parent, derivedFrom } = derived
    if (isDepositsOnly(attributes)) {
      throw new EngineError('depositsOnlyInvalid', { parent: parent.hash, reason: invalid.reason })
    }
    const replaced = isForkActive(this.#config, 'holocene', derivedFrom.timestamp)
    this.#log.warn('Derived attributes are invalid', {
      parent: showBlock(parent),
      derivedFrom: showBlock(derivedFrom),
      reason: invalid.reason,
      replaced,
    })
    this.#observer.derivedInvalid?.({ parent, reason: invalid.reason, replaced })
    if (replaced) {
      this.#metrics.replacements.inc()
      const deposits = { ...derived, attributes: withDepositsOnly(attributes), isLastInSpan: true }
      const again = await this.#tryBuildDerived(deposits)
      if (again) throw new EngineError('depositsOnlyInvalid', { parent: parent.hash, reason: again.reason })
      return 'replaced'
    }
    // The span is abandoned: back to what is safe, and to the unsafe chain that its first blocks replaced.
    this.#setHeads({ ...this.#heads, pendingSafe: this.#heads.safe }, 'derived')
    if (this.#backup) this.#backup = { ...this.#backup, restore: true }
    if (!this.#forkchoicePending) this.#announce()
    return 'invalid'
  }

  async #tryBuildDerived(derived: DerivedAttributes): Promise<Invalid | null> {
    const started = await this.startPayload(derived.parent, derived.attributes)
    if (started.kind === 'invalid') return started
    const sealed = await this.sealPayload(started.job)
    if (sealed.kind === 'invalid') return sealed
    const { envelope, ref } = sealed
    const status = await this.#calls.newPayload(envelope)
    if (isInvalid(status)) return { kind: 'invalid', reason: status.validationError ?? status.status }
    if (status.status !== 'VALID') {
      const reason = status.validationError ?? ''
      throw new EngineError('unexpectedStatus', { call: 'newPayload', status: status.status, reason })
    }
    const { unsafe } = this.#heads
    if (unsafe.number >= ref.number && unsafe.hash !== ref.hash) {
      this.#log.warn('A derived block replaces unsafe blocks', { from: showBlock(unsafe), to: showBlock(ref) })
      this.#backup = { head: unsafe, restore: false }
    }
    this.#setHeads({ ...this.#heads, unsafe: ref }, 'derived')
    this.#promotePending(ref, derived, 'derived')
    this.#forkchoicePending = true
    await this.tryUpdateEngine()
    return null
  }

  #promotePending(ref: L2BlockRef, derived: DerivedAttributes, cause: HeadsCause): void {
    const concluding = derived.isLastInSpan || isForkActive(this.#config, 'holocene', derived.derivedFrom.timestamp)
    this.#setHeads({ ...this.#heads, pendingSafe: ref, ...(concluding ? { safe: ref } : {}) }, cause)
    if (!concluding) return
    // What became safe has replaced the earlier unsafe chain for good.
    this.#backup = null
    this.#forkchoicePending = true
    this.#observer.safeDerived?.(ref, derived.derivedFrom)
  }

  /**
   * Goes back to the unsafe head that an abandoned span replaced, once; `true` when it was tried.
   *
   * @throws {EngineError} `forkchoiceInconsistent`, `backupRestoreFailed`, `refused`, `unreachable`
   */
  async tryBackupUnsafeReorg(): Promise<boolean> {
    const backup = this.#backup
    if (!backup?.restore) return false
    this.#backup = null
    if (this.isElSyncing) return false
    const status = await this.#calls.forkchoice(
      'backup unsafe reorg',
      forkchoiceState({ ...this.#heads, unsafe: backup.head }),
    )
    if (status.status !== 'VALID') {
      const reason = status.validationError ?? ''
      throw new EngineError('backupRestoreFailed', { head: backup.head.hash, status: status.status, reason })
    }
    this.#log.info('Went back to the earlier unsafe chain', { head: showBlock(backup.head) })
    this.#setHeads({ ...this.#heads, unsafe: backup.head }, 'restored')
    this.#forkchoicePending = false
    this.#announce()
    return true
  }

  /**
   * Marks a safe block as finalized. Never moves back and never passes safe: such a call is refused with `false`.
   */
  promoteFinalized(ref: L2BlockRef): boolean {
    const { finalized, safe } = this.#heads
    if (ref.number < finalized.number || ref.number > safe.number) {
      this.#log.error('Refused to move the finalized head', {
        to: showBlock(ref),
        finalized: showBlock(finalized),
        safe: showBlock(safe),
      })
      return false
    }
    if (ref.hash === finalized.hash) return true
    this.#setHeads({ ...this.#heads, finalized: ref }, 'finalized')
    this.#forkchoicePending = true
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
    const before = this.#heads
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
    this.#setHeads({ unsafe, pendingSafe: safe, safe, finalized: final }, 'followed')
    this.#forkchoicePending = true
    await this.tryUpdateEngine()
    return 'followed'
  }

  // ── Inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

  async #insertUnsafe(
    envelope: ExecutionPayloadEnvelope,
    ref: L2BlockRef,
    cause: 'sequenced' | 'gossip',
  ): Promise<InsertOutcome> {
    const status = await this.#calls.newPayload(envelope)
    if (isInvalid(status)) return { kind: 'invalid', reason: status.validationError ?? status.status }
    if (status.status !== 'VALID') {
      const reason = status.validationError ?? ''
      await this.#checkHeadIsThere(this.#heads.unsafe)
      throw new EngineError('unexpectedStatus', { call: 'newPayload', status: status.status, reason })
    }
    const heads = { ...this.#heads, unsafe: ref }
    const accepted = await this.#calls.forkchoice('unsafe forkchoice update', forkchoiceState(heads))
    if (isInvalid(accepted)) return { kind: 'invalid', reason: accepted.validationError ?? accepted.status }
    if (accepted.status !== 'VALID') {
      const reason = accepted.validationError ?? ''
      throw new EngineError('unexpectedStatus', { call: 'forkchoiceUpdated', status: accepted.status, reason })
    }
    this.#setHeads(heads, cause)
    this.#forkchoicePending = false
    this.#announce()
    return { kind: 'inserted', ref }
  }

  /** An engine that lost blocks (killed before it wrote them) answers as one that syncs: then a reset finds what is left. */
  async #checkHeadIsThere(head: L2BlockRef): Promise<void> {
    const { hash } = head
    const found = await this.#calls.ask('head read', (call) => this.#engine.getBlock({ hash }, call))
    if (!found) throw new EngineError('headLost', { number: head.number, hash })
  }

  /** Gives the engine a target to sync to; the first that it can validate ends the sync. */
  async #insertWhileSyncing(envelope: ExecutionPayloadEnvelope): Promise<UnsafeQueueOutcome | 'queued'> {
    const { executionPayload: payload } = envelope
    if (payload.blockNumber <= this.#heads.unsafe.number) return 'dropped'
    if (this.#elSync.phase === 'willStart') {
      const finalized = await this.#calls.ask('finalized head read', (call) =>
        this.chain.getL2BlockRef('finalized', call),
      )
      const found = !finalized ? 'none' : finalized.hash === this.#config.genesis.l2.hash ? 'genesis' : 'later'
      const next = decideElSync(found, this.#engineKind, this.#clock.now())
      this.#setElSync(next)
      if (next.phase === 'finished') return this.receiveUnsafePayload(envelope)
    }
    const inserted = await this.#withRef(envelope, async (ref) => {
      const status = await this.#calls.newPayload(envelope)
      if (isInvalid(status)) return { kind: 'invalid' as const, reason: status.validationError ?? status.status }
      if (status.status === 'VALID') return this.#finishElSync(ref)
      const heads = { ...this.#heads, unsafe: ref }
      const accepted = await this.#calls.forkchoice('sync target', forkchoiceState(heads))
      if (accepted.status === 'VALID') return this.#finishElSync(ref)
      if (accepted.status !== 'SYNCING') {
        return { kind: 'invalid' as const, reason: accepted.validationError ?? accepted.status }
      }
      this.#setHeads(heads, 'elSync')
      this.#announce()
      if (this.#elSync.phase === 'syncing') this.#setElSync({ ...this.#elSync, target: ref })
      return { kind: 'inserted' as const, ref }
    })
    if (inserted.kind === 'inserted') return 'inserted'
    this.#dropped(envelope, 'invalid')
    return 'dropped'
  }

  /** The engine has the whole chain up to `tip`: its safe and finalized labels begin there, or a set time behind. */
  async #finishElSync(tip: L2BlockRef): Promise<InsertOutcome> {
    let anchor = tip
    const behind = this.#elSafeOffsetSeconds / this.#config.blockTime
    if (behind > 0n) {
      const genesis = this.#config.genesis.l2.number
      let number = tip.number - behind
      if (number < genesis) number = genesis
      const found = await this.#calls.ask('block read', (call) => this.chain.getL2BlockRefByNumber(number, call))
      if (found && found.number >= this.#heads.finalized.number) anchor = found
    }
    const heads: Heads = { unsafe: tip, pendingSafe: anchor, safe: anchor, finalized: anchor }
    const status = await this.#calls.forkchoice('end of engine sync', forkchoiceState(heads))
    if (status.status !== 'VALID') {
      const reason = status.validationError ?? ''
      throw new EngineError('unexpectedStatus', { call: 'forkchoiceUpdated', status: status.status, reason })
    }
    this.#setHeads(heads, 'elSync')
    this.#forkchoicePending = false
    this.#setElSync({ phase: 'finished' })
    this.#announce()
    return { kind: 'inserted', ref: tip }
  }

  #setElSync(state: ElSyncState): void {
    this.#elSync = state
    this.#log.info('Engine sync', {
      phase: state.phase,
      target: state.phase === 'syncing' && state.target ? showBlock(state.target) : null,
    })
    this.#observer.elSyncChanged?.(state)
  }

  #withRef<T>(envelope: ExecutionPayloadEnvelope, use: (ref: L2BlockRef) => T): T | Invalid {
    let ref: L2BlockRef
    try {
      ref = payloadToL2BlockRef(this.#config, envelope.executionPayload)
    } catch (error) {
      return { kind: 'invalid', reason: error instanceof Error ? error.message : String(error) }
    }
    return use(ref)
  }

  #checkAboveFinalized(unsafe: L2BlockRef): void {
    const { finalized } = this.#heads
    if (unsafe.number >= finalized.number) return
    throw new EngineError('unsafeBelowFinalized', { unsafe: unsafe.number, finalized: finalized.number })
  }

  #setHeads(heads: Heads, cause: HeadsCause): void {
    this.#heads = heads
    this.#cause = cause
  }

  #announce(): void {
    const [from, to] = [this.#announced, this.#heads]
    this.#announced = to
    this.#observer.headsMoved?.({ from, to, cause: this.#cause })
  }

  #removeQueued(envelope: ExecutionPayloadEnvelope, reason: string): void {
    this.#queue.remove(envelope.executionPayload.blockHash)
    this.#gaugeQueue()
    this.#dropped(envelope, reason)
  }

  #dropped({ executionPayload: payload }: ExecutionPayloadEnvelope, reason: string): void {
    this.#metrics.payloadsDropped.inc({ reason })
    this.#observer.unsafeDropped?.({ block: { hash: payload.blockHash, number: payload.blockNumber }, reason })
  }

  #gaugeQueue(): void {
    this.#metrics.queueLength.set(this.#queue.length)
    this.#metrics.queueBytes.set(this.#queue.bytes)
  }
}

type L2BlockIdWithParent = { readonly hash: `0x${string}`; readonly number: bigint; readonly parentHash: `0x${string}` }

function forkchoiceState(heads: Heads): ForkchoiceState {
  return {
    headBlockHash: heads.unsafe.hash,
    safeBlockHash: heads.safe.hash,
    finalizedBlockHash: heads.finalized.hash,
  }
}

function isInvalid({ status }: PayloadStatus): boolean {
  return status === 'INVALID' || status === 'INVALID_BLOCK_HASH'
}

/** What a sealed block must look like: deposits first, and at least one. `null`: nothing is wrong. */
function sealedPayloadFault({ executionPayload: { transactions } }: ExecutionPayloadEnvelope): string | null {
  const [first] = transactions
  if (!first) return 'the sealed block has no transactions'
  if (!isDepositTx(first)) return 'the first transaction of the sealed block is no deposit'
  const lastDeposit = transactions.findLastIndex(isDepositTx)
  const firstOther = transactions.findIndex((tx) => !isDepositTx(tx))
  if (firstOther !== -1 && firstOther < lastDeposit) {
    return `deposit ${lastDeposit} of the sealed block stands after transaction ${firstOther}`
  }
  return null
}
