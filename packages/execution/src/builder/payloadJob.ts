import type { Address, PayloadAttributes, PayloadId } from '@keelson/protocol'
import type { Clock, Logger } from '@keelson/service'
import { createBreather } from '../chain/breather.ts'
import type { Chain } from '../chain/chain.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { BlockExecutor, ExecutionTx, SealedBlock } from '../transition/types.ts'
import { BestTransactions, effectiveTip, type PendingTransactions } from './bestTransactions.ts'
import { type DaLimits, estimatedDaBytes } from './daLimits.ts'

/** The pool as the builder sees it. */
export type TransactionSource = {
  /** Executable transactions on the head's state. */
  pending(): PendingTransactions
  /** Raised by every transaction that becomes executable. */
  readonly version: number
  /** Told of transactions that turned out not to be includable at all. */
  reject(tx: ExecutionTx, reason: string): void
}

export type PayloadJobParts = {
  readonly id: PayloadId
  readonly chain: Chain
  readonly source: TransactionSource
  readonly parent: StoredBlock
  readonly attributes: PayloadAttributes
  readonly daLimits: () => DaLimits
  /** Pause between two looks at the pool. */
  readonly recommitMs: number
  /** After this long the job ends by itself. */
  readonly timeLimitMs: number
  /** How long one pass over the pool may take. */
  readonly passLimitMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** Sealing a long block takes a while: the next look at the pool waits this many times as long. */
const SEAL_PAUSES = 4
/** … and no longer than this, so that one slow sealing does not keep transactions out of the block. */
const MAX_SEAL_PAUSE_MS = 500

/** The least gas a transaction can use: with less left, the block is full. */
const MIN_TX_GAS = 21_000n

/** A built block. Its state is let go when the chain has gone on without asking for it. */
export type BuiltBlock = Omit<SealedBlock, 'commit'> & { readonly commit: SealedBlock['commit'] | null }

type Draft = {
  readonly executor: BlockExecutor
  readonly included: Set<ExecutionTx>
  daBytes: bigint
  /** Transactions were left out for want of room. */
  full: boolean
  /** Lowest effective tip of what was included; `null` before the first. */
  lowestTip: bigint | null
}

/**
 * Builds one payload.
 *
 * The block with the forced transactions alone is there when {@link PayloadJob.start} resolves. Unless the attributes
 * forbid it, a background loop then adds pool transactions, seals, and looks at the pool again on the recommit interval:
 * new transactions go behind those already in; a block that is full is rebuilt from the start, so that a better tip can
 * push out a lower one. The loop ends when the payload is fetched or the time limit has passed.
 */
export class PayloadJob {
  readonly id: PayloadId
  readonly timestamp: bigint
  readonly parent: StoredBlock
  readonly #parts: PayloadJobParts
  readonly #startedAt: number
  #best: BuiltBlock
  #stale = false
  readonly #firstPass = Promise.withResolvers<void>()
  #passes = 0
  /** How long the last sealing took. */
  #sealMs = 0
  #stopped = false
  #wake: (() => void) | null = null
  #loop: Promise<void> = Promise.resolve()

  private constructor(parts: PayloadJobParts, best: SealedBlock) {
    this.id = parts.id
    this.timestamp = parts.attributes.timestamp
    this.parent = parts.parent
    this.#parts = parts
    this.#best = best
    this.#startedAt = parts.clock.now()
  }

  /**
   * Builds the block of forced transactions, and starts to improve it.
   *
   * @throws {ExecutionError} `forcedTransactionFailed`
   */
  static async start(parts: PayloadJobParts): Promise<PayloadJob> {
    const draft = await openDraft(parts)
    const job = new PayloadJob(parts, await draft.executor.seal())
    if (parts.attributes.noTxPool) job.#passed()
    else job.#loop = job.#improve(draft)
    return job
  }

  /** The best block so far. */
  get best(): BuiltBlock {
    return this.#best
  }

  /** Resolves when everything that was in the pool at the start has been tried. */
  get firstPass(): Promise<void> {
    return this.#firstPass.promise
  }

  /**
   * Ends the job and gives its best block; again and again the same one. When the first pass over the pool is still
   * under way it is cut short and what it has is sealed.
   */
  async resolve(): Promise<BuiltBlock> {
    this.stop()
    if (this.#passes === 0) await this.#loop
    return this.#best
  }

  /** Ends the job; the best block stays. */
  stop(): void {
    this.#stopped = true
    this.#wake?.()
  }

  /** Ends the job for a chain that has gone on: the best block can still be had, what it adds to the state no more. */
  abandon(): void {
    this.stop()
    this.#stale = true
    this.#best = { ...this.#best, commit: null }
  }

  /** Resolves when the background loop has ended. */
  ended(): Promise<void> {
    return this.#loop
  }

  async #improve(first: Draft): Promise<void> {
    const { clock, timeLimitMs, log, source } = this.#parts
    let draft = first
    let seen = -1
    try {
      while (!this.#stopped) {
        if (source.version !== seen) {
          seen = source.version
          draft = await this.#pass(draft)
        }
        this.#passed()
        const left = this.#startedAt + timeLimitMs - clock.now()
        if (this.#stopped || left <= 0) break
        const sealPause = Math.min(SEAL_PAUSES * this.#sealMs, MAX_SEAL_PAUSE_MS)
        await this.#pause(Math.min(Math.max(this.#parts.recommitMs, sealPause), left))
      }
    } catch (error) {
      // The block of the last pass stands; a broken pass must not take the payload away.
      log.error('Payload building failed', { id: this.id, err: error })
    } finally {
      this.#passed()
    }
  }

  #passed(): void {
    this.#passes++
    this.#firstPass.resolve()
  }

  /** Adds what is new in the pool; what does not find room competes again with what is in. */
  async #pass(draft: Draft): Promise<Draft> {
    const sealed = draft.included.size
    if (!draft.full) await this.#fill(draft)
    if (draft.included.size > sealed) await this.#offer(draft)
    if (!draft.full || sealed === 0 || this.#stopped || !this.#couldBeBetter(draft)) return draft
    const rebuilt = await openDraft(this.#parts)
    await this.#fill(rebuilt)
    await this.#offer(rebuilt)
    return rebuilt
  }

  /** Whether something that was left out pays more than something that is in. */
  #couldBeBetter({ executor, included, lowestTip }: Draft): boolean {
    const { baseFeePerGas } = executor.env
    const left = new BestTransactions(leftOf(this.#parts.source.pending(), included), baseFeePerGas).peek()
    const tip = left && effectiveTip(left, baseFeePerGas)
    return typeof tip === 'bigint' && lowestTip !== null && tip > lowestTip
  }

  async #offer(draft: Draft): Promise<void> {
    const start = this.#parts.clock.now()
    const sealed = await draft.executor.seal()
    this.#sealMs = this.#parts.clock.now() - start
    if (sealed.blockValue < this.#best.blockValue) return
    this.#best = this.#stale ? { ...sealed, commit: null } : sealed
    this.#parts.log.debug('Payload improved', {
      id: this.id,
      txs: sealed.transactions.length,
      gasUsed: sealed.header.gasUsed,
      fees: sealed.blockValue,
    })
  }

  /** One pass over the pool, until the block is full, the pool has nothing more, or the time is up. */
  async #fill(draft: Draft): Promise<void> {
    const { source, clock, passLimitMs, daLimits } = this.#parts
    const { executor, included } = draft
    const limits = daLimits()
    const best = new BestTransactions(leftOf(source.pending(), included), executor.env.baseFeePerGas)
    const breathe = createBreather(() => clock.now())
    const deadline = clock.now() + passLimitMs
    for (let tx = best.peek(); tx; tx = best.peek()) {
      await breathe()
      if (this.#stopped || clock.now() > deadline) return
      if (executor.gasLeft < MIN_TX_GAS) {
        draft.full = true
        return
      }
      if (limits.maxTxBytes > 0n && estimatedDaBytes(tx) > limits.maxTxBytes) {
        best.pop()
        continue
      }
      const daBytes = draft.daBytes + estimatedDaBytes(tx)
      if (tx.gasLimit > executor.gasLeft || (limits.maxBlockBytes > 0n && daBytes > limits.maxBlockBytes)) {
        draft.full = true
        best.pop()
        continue
      }
      const outcome = await executor.applyPooled(tx)
      if (!('rejected' in outcome)) {
        included.add(tx)
        draft.daBytes = daBytes
        const tip = effectiveTip(tx, executor.env.baseFeePerGas) ?? 0n
        if (draft.lowestTip === null || tip < draft.lowestTip) draft.lowestTip = tip
        best.shift()
        continue
      }
      const { code, reason } = outcome.rejected
      if (code === 'notAllowedInActivationBlock') return
      if (code === 'nonceTooLow') {
        best.shift()
        continue
      }
      if (code === 'blockGasExceeded' || code === 'daFootprintExceeded') draft.full = true
      else if (code !== 'nonceTooHigh') source.reject(tx, reason)
      best.pop()
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.setTimeout(resolve, ms)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

async function openDraft({ chain, parent, attributes, clock }: PayloadJobParts): Promise<Draft> {
  const executor = chain.executorOn(parent, attributes)
  const breathe = createBreather(() => clock.now())
  for (const tx of attributes.transactions) {
    await executor.applyForced(tx)
    await breathe()
  }
  return { executor, included: new Set(), daBytes: 0n, full: false, lowestTip: null }
}

/** The pending transactions that are not in the block yet. */
function leftOf(pending: PendingTransactions, included: ReadonlySet<ExecutionTx>): PendingTransactions {
  if (included.size === 0) return pending
  const left = new Map<Address, readonly ExecutionTx[]>()
  for (const [sender, list] of pending) {
    const rest = list.filter((tx) => !included.has(tx))
    if (rest.length > 0) left.set(sender, rest)
  }
  return left
}
