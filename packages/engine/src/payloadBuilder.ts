import {
  type ExecutionPayloadEnvelope,
  isDepositTx,
  type L2BlockRef,
  type PayloadAttributes,
  type RollupConfig,
} from '@keelson/protocol'
import type { Clock, Logger } from '@keelson/service'
import type { EngineCalls } from './engineCalls.ts'
import { EngineError } from './errors.ts'
import type { Forkchoice } from './forkchoice.ts'
import { type BuildJob, type SealOutcome, type StartOutcome, withRef } from './payloadOutcome.ts'

type PayloadBuilderParts = {
  readonly config: RollupConfig
  readonly calls: EngineCalls
  readonly forkchoice: Forkchoice
  readonly isElSyncing: () => boolean
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Lets the engine build blocks: started from attributes, then sealed or cancelled. Nothing is inserted here.
 *
 * @see specs/protocol/derivation.md#processing-payload-attributes
 */
export class PayloadBuilder {
  readonly #parts: PayloadBuilderParts

  constructor(parts: PayloadBuilderParts) {
    this.#parts = parts
  }

  /** Asks the engine to build on `parent`. @throws {EngineError} as {@link EngineCalls.startBuild}, and `headLost` */
  async start(parent: L2BlockRef, attributes: PayloadAttributes): Promise<StartOutcome> {
    const { calls, forkchoice, clock, isElSyncing } = this.#parts
    if (isElSyncing()) throw new EngineError('syncing', { call: 'build start' })
    forkchoice.checkAboveFinalized(parent)
    const state = forkchoice.state({ unsafe: parent })
    const started = await calls.startBuild(state, parent, attributes).catch(async (error: unknown) => {
      if (error instanceof EngineError && error.fault.code === 'syncing') await calls.checkHeadIsThere(parent)
      throw error
    })
    if (started.kind === 'invalid') return started
    return { kind: 'started', job: { id: started.id, parent, attributes, startedMs: clock.now() } }
  }

  /** Takes the built block out of the engine. @throws {EngineError} as {@link EngineCalls.getPayload} */
  async seal(job: BuildJob): Promise<SealOutcome> {
    const envelope = await this.#parts.calls.getPayload(job.id, job.attributes.timestamp)
    const fault = sealedPayloadFault(envelope)
    if (fault) return { kind: 'invalid', reason: fault }
    return withRef(this.#parts.config, envelope, (ref) => ({ kind: 'sealed', envelope, ref }))
  }

  /** Lets the engine forget a job: what it built is dropped. Never rejects. */
  async cancel(job: BuildJob): Promise<void> {
    try {
      await this.#parts.calls.getPayload(job.id, job.attributes.timestamp)
    } catch (error) {
      this.#parts.log.debug('The cancelled payload was not there any more', { id: job.id, err: error })
    }
  }
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
