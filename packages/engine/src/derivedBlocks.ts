import {
  isForkActive,
  type L2BlockReader,
  type L2BlockRef,
  payloadToL2BlockRef,
  type RollupConfig,
} from '@keelson/protocol'
import type { Logger } from '@keelson/service'
import { findAttributesMismatch } from './attributesMatch.ts'
import { type DerivedAttributes, isDepositsOnly, withDepositsOnly } from './derivedAttributes.ts'
import type { EngineCalls } from './engineCalls.ts'
import type { EngineObserver } from './engineObserver.ts'
import { EngineError } from './errors.ts'
import type { Forkchoice } from './forkchoice.ts'
import { type HeadsCause, showBlock } from './heads.ts'
import type { EngineMetrics } from './metrics.ts'
import type { PayloadBuilder } from './payloadBuilder.ts'
import { type DerivedOutcome, type Invalid, judgeStatus } from './payloadOutcome.ts'

type DerivedBlocksParts = {
  readonly config: RollupConfig
  readonly engine: L2BlockReader
  readonly calls: EngineCalls
  readonly forkchoice: Forkchoice
  readonly builder: PayloadBuilder
  readonly isElSyncing: () => boolean
  readonly observer: EngineObserver
  readonly metrics: EngineMetrics
  readonly log: Logger
}

/** Makes derived attributes into (pending) safe blocks, and undoes the unsafe side of a span that is abandoned. */
export class DerivedBlocks {
  readonly #parts: DerivedBlocksParts
  /** The unsafe head that a derived block replaced, for as long as its batch is not complete. */
  #backup: { readonly head: L2BlockRef; readonly restore: boolean } | null = null

  constructor(parts: DerivedBlocksParts) {
    this.#parts = parts
  }

  /** The unsafe head that may be restored, or `null`. */
  get backupUnsafe(): L2BlockRef | null {
    return this.#backup?.head ?? null
  }

  reset(): void {
    this.#backup = null
  }

  /** See {@link EngineController.processDerived}. */
  async process(derived: DerivedAttributes): Promise<DerivedOutcome> {
    const { forkchoice } = this.#parts
    await forkchoice.tryUpdateEngine()
    const { unsafe, pendingSafe } = forkchoice.heads
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
    return this.#build(derived)
  }

  /** Recognizes the existing unsafe block; `false` when L1 says something else. */
  async #consolidate(derived: DerivedAttributes): Promise<boolean> {
    const { config, engine, calls, forkchoice, metrics, log, observer } = this.#parts
    const number = derived.parent.number + 1n
    const existing = await calls.ask('block read', (call) => engine.getBlock({ number }, call))
    if (!existing) throw new EngineError('unsafeBlockMissing', { number })
    const mismatch = findAttributesMismatch(config, derived.attributes, derived.parent.hash, existing)
    metrics.consolidations.inc({ outcome: mismatch ? 'mismatch' : 'match' })
    const { executionPayload: payload } = existing
    if (mismatch) {
      log.warn('The unsafe block is not what L1 says', { number, hash: payload.blockHash, ...mismatch })
      observer.unsafeMismatch?.({ ...mismatch, number, hash: payload.blockHash })
      return false
    }
    this.#promote(payloadToL2BlockRef(config, payload), derived, 'consolidated')
    if (forkchoice.pending) await forkchoice.tryUpdateEngine()
    else forkchoice.announce()
    return true
  }

  async #build(derived: DerivedAttributes): Promise<DerivedOutcome> {
    const { config, forkchoice, metrics, log, observer } = this.#parts
    const invalid = await this.#tryBuild(derived)
    if (!invalid) return 'built'
    const { attributes, parent, derivedFrom } = derived
    if (isDepositsOnly(attributes)) {
      throw new EngineError('depositsOnlyInvalid', { parent: parent.hash, reason: invalid.reason })
    }
    const replaced = isForkActive(config, 'holocene', derivedFrom.timestamp)
    log.warn('Derived attributes are invalid', {
      parent: showBlock(parent),
      derivedFrom: showBlock(derivedFrom),
      reason: invalid.reason,
      replaced,
    })
    observer.derivedInvalid?.({ parent, reason: invalid.reason, replaced })
    if (replaced) {
      metrics.replacements.inc()
      const deposits = { ...derived, attributes: withDepositsOnly(attributes), isLastInSpan: true }
      const again = await this.#tryBuild(deposits)
      if (again) throw new EngineError('depositsOnlyInvalid', { parent: parent.hash, reason: again.reason })
      return 'replaced'
    }
    // The span is abandoned: back to what is safe, and to the unsafe chain that its first blocks replaced.
    forkchoice.set({ pendingSafe: forkchoice.heads.safe }, 'derived')
    if (this.#backup) this.#backup = { ...this.#backup, restore: true }
    if (!forkchoice.pending) forkchoice.announce()
    return 'invalid'
  }

  async #tryBuild(derived: DerivedAttributes): Promise<Invalid | null> {
    const { calls, forkchoice, builder, log } = this.#parts
    const started = await builder.start(derived.parent, derived.attributes)
    if (started.kind === 'invalid') return started
    const sealed = await builder.seal(started.job)
    if (sealed.kind === 'invalid') return sealed
    const { envelope, ref } = sealed
    const invalid = judgeStatus('newPayload', await calls.newPayload(envelope))
    if (invalid) return invalid
    const { unsafe } = forkchoice.heads
    if (unsafe.number >= ref.number && unsafe.hash !== ref.hash) {
      log.warn('A derived block replaces unsafe blocks', { from: showBlock(unsafe), to: showBlock(ref) })
      this.#backup = { head: unsafe, restore: false }
    }
    forkchoice.propose({ unsafe: ref }, 'derived')
    this.#promote(ref, derived, 'derived')
    await forkchoice.tryUpdateEngine()
    return null
  }

  #promote(ref: L2BlockRef, derived: DerivedAttributes, cause: HeadsCause): void {
    const { config, forkchoice, observer } = this.#parts
    const concluding = derived.isLastInSpan || isForkActive(config, 'holocene', derived.derivedFrom.timestamp)
    if (!concluding) {
      forkchoice.set({ pendingSafe: ref }, cause)
      return
    }
    forkchoice.propose({ pendingSafe: ref, safe: ref }, cause)
    // What became safe has replaced the earlier unsafe chain for good.
    this.#backup = null
    observer.safeDerived?.(ref, derived.derivedFrom)
  }

  /** See {@link EngineController.tryBackupUnsafeReorg}. */
  async tryBackupUnsafeReorg(): Promise<boolean> {
    const backup = this.#backup
    if (!backup?.restore) return false
    this.#backup = null
    const { calls, forkchoice, isElSyncing, log } = this.#parts
    if (isElSyncing()) return false
    const { head } = backup
    const status = await calls.forkchoice('backup unsafe reorg', forkchoice.state({ unsafe: head }))
    if (status.status !== 'VALID') {
      const reason = status.validationError ?? ''
      throw new EngineError('backupRestoreFailed', { head: head.hash, status: status.status, reason })
    }
    log.info('Went back to the earlier unsafe chain', { head: showBlock(head) })
    forkchoice.accept({ unsafe: head }, 'restored')
    return true
  }
}
