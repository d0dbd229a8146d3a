import type { PayloadAttributes, PayloadId } from '@keelson/protocol'
import type { Clock, Logger } from '@keelson/service'
import type { Chain } from '../chain/chain.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import { type DaLimits, NO_DA_LIMITS } from './daLimits.ts'
import { PayloadJob, type TransactionSource } from './payloadJob.ts'

/** Payloads that can still be fetched. */
const MAX_JOBS = 10

export type BuilderOptions = {
  /** Pause between two looks at the pool; 200 ms. */
  readonly recommitMs?: number
  /** How long a payload is improved at most; 12 s, a slot of L1. */
  readonly timeLimitMs?: number
  /** How long one pass over the pool may take; 2 s. */
  readonly passLimitMs?: number
}

export type PayloadBuilderParts = {
  readonly chain: Chain
  readonly source: TransactionSource
  readonly clock: Clock
  readonly log: Logger
  readonly options?: BuilderOptions
}

/** Keeps the payloads under construction, newest last. */
export class PayloadBuilder {
  readonly #parts: PayloadBuilderParts
  readonly #jobs = new Map<PayloadId, PayloadJob>()
  #daLimits: DaLimits = NO_DA_LIMITS

  constructor(parts: PayloadBuilderParts) {
    this.#parts = parts
  }

  /** Limits for blocks from now on. */
  setDaLimits(limits: DaLimits): void {
    this.#daLimits = limits
  }

  get daLimits(): DaLimits {
    return this.#daLimits
  }

  has(id: PayloadId): boolean {
    return this.#jobs.has(id)
  }

  get(id: PayloadId): PayloadJob | undefined {
    return this.#jobs.get(id)
  }

  /**
   * Starts a payload; its first block is there when this resolves.
   *
   * @throws {ExecutionError} `forcedTransactionFailed`
   */
  async start(id: PayloadId, parent: StoredBlock, attributes: PayloadAttributes): Promise<void> {
    const { chain, source, clock, log, options = {} } = this.#parts
    const job = await PayloadJob.start({
      id,
      chain,
      source,
      parent,
      attributes,
      daLimits: () => this.#daLimits,
      recommitMs: options.recommitMs ?? 200,
      timeLimitMs: options.timeLimitMs ?? 12_000,
      passLimitMs: options.passLimitMs ?? 2_000,
      clock,
      log,
    })
    this.#jobs.set(id, job)
    if (this.#jobs.size <= MAX_JOBS) return
    const [oldest, stale] = this.#jobs.entries().next().value as [PayloadId, PayloadJob]
    stale.stop()
    this.#jobs.delete(oldest)
  }

  /** Ends the work on payloads that do not stand on this head: nobody will ask for more of them. */
  stopStale(head: StoredBlock): void {
    for (const job of this.#jobs.values()) if (job.parent.hash !== head.hash) job.abandon()
  }

  async close(): Promise<void> {
    for (const job of this.#jobs.values()) job.stop()
    await Promise.all([...this.#jobs.values()].map((job) => job.ended()))
    this.#jobs.clear()
  }
}
