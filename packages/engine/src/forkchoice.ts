import type { ForkchoiceState, L2BlockRef } from '@keelson/protocol'
import type { Logger } from '@keelson/service'
import type { EngineCalls } from './engineCalls.ts'
import { EngineError } from './errors.ts'
import { type Heads, type HeadsCause, NO_HEADS, showHeads } from './heads.ts'

/** One step of the heads, as it is announced. */
export type HeadsChange = { readonly from: Heads; readonly to: Heads; readonly cause: HeadsCause }

type ForkchoiceParts = {
  readonly calls: EngineCalls
  readonly log: Logger
  /** Called synchronously, when the engine has accepted the heads. */
  readonly headsMoved: (change: HeadsChange) => void
  /** While it holds, an engine that answers `SYNCING` has taken the heads as its target. */
  readonly isElSyncing: () => boolean
}

/**
 * The heads, and whether the engine knows them yet. Only {@link EngineController} and its parts hold one.
 *
 * @see specs/protocol/derivation.md#forkchoice-synchronization
 */
export class Forkchoice {
  readonly #parts: ForkchoiceParts
  #heads: Heads = NO_HEADS
  /** What was announced last. */
  #announced: Heads = NO_HEADS
  #cause: HeadsCause = 'reset'
  #pending = false

  constructor(parts: ForkchoiceParts) {
    this.#parts = parts
  }

  get heads(): Heads {
    return this.#heads
  }

  /** Whether the engine still has to be told of the heads. */
  get pending(): boolean {
    return this.#pending
  }

  /** Moves heads of which the engine need not be told, or not yet: `pendingSafe` is only ours. */
  set(heads: Partial<Heads>, cause: HeadsCause): void {
    this.#heads = { ...this.#heads, ...heads }
    this.#cause = cause
  }

  /** Moves heads of which the engine must be told. */
  propose(heads: Partial<Heads>, cause: HeadsCause): void {
    this.set(heads, cause)
    this.#pending = true
  }

  /** Moves to heads that the engine has just accepted. */
  accept(heads: Partial<Heads>, cause: HeadsCause): void {
    this.set(heads, cause)
    this.#pending = false
    this.announce()
  }

  /** Says where the heads are now. */
  announce(): void {
    const [from, to] = [this.#announced, this.#heads]
    this.#announced = to
    this.#parts.headsMoved({ from, to, cause: this.#cause })
  }

  /** What the engine would be told if the heads given took the place of today's. */
  state(heads: Partial<Heads> = {}): ForkchoiceState {
    const { unsafe, safe, finalized } = { ...this.#heads, ...heads }
    return { headBlockHash: unsafe.hash, safeBlockHash: safe.hash, finalizedBlockHash: finalized.hash }
  }

  /**
   * Tells the engine of the heads if it does not know them yet.
   *
   * @throws {EngineError} `unsafeBelowFinalized`, `forkchoiceInconsistent`, `forkchoiceNotAccepted`, `refused`, `unreachable`
   */
  async tryUpdateEngine(): Promise<void> {
    if (!this.#pending) return
    const { unsafe, safe, finalized } = this.#heads
    this.checkAboveFinalized(unsafe)
    const status = await this.#parts.calls.forkchoice('forkchoice update', this.state())
    const syncing = this.#parts.isElSyncing() && status.status === 'SYNCING'
    if (status.status !== 'VALID' && !syncing) {
      const reason = status.validationError ?? ''
      throw new EngineError('forkchoiceNotAccepted', { head: unsafe.hash, status: status.status, reason })
    }
    this.#parts.log.debug('Told the engine of the heads', showHeads({ unsafe, safe, finalized }))
    this.#pending = false
    this.announce()
  }

  /** @throws {EngineError} `unsafeBelowFinalized` */
  checkAboveFinalized(unsafe: L2BlockRef): void {
    const { finalized } = this.#heads
    if (unsafe.number >= finalized.number) return
    throw new EngineError('unsafeBelowFinalized', { unsafe: unsafe.number, finalized: finalized.number })
  }
}
