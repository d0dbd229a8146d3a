import type { ExecutionPayloadEnvelope, Hash, L2BlockRef, RollupConfig } from '@keelson/protocol'
import type { Logger } from '@keelson/service'
import type { EngineCalls } from './engineCalls.ts'
import type { EngineObserver } from './engineObserver.ts'
import type { EngineSync } from './engineSync.ts'
import type { Forkchoice } from './forkchoice.ts'
import type { EngineMetrics } from './metrics.ts'
import { type InsertOutcome, invalidStatus, judgeStatus, type UnsafeQueueOutcome, withRef } from './payloadOutcome.ts'
import { judgeUnsafePayload } from './unsafePolicy.ts'
import { UnsafePayloadQueue } from './unsafeQueue.ts'

type UnsafeBlocksParts = {
  readonly config: RollupConfig
  readonly calls: EngineCalls
  readonly forkchoice: Forkchoice
  readonly elSync: EngineSync
  readonly observer: EngineObserver
  readonly metrics: EngineMetrics
  readonly log: Logger
  readonly maxQueueBytes?: number | undefined
}

/** How many unsafe payloads wait, and which of them is the lowest. */
export type UnsafeQueueStatus = {
  readonly length: number
  readonly bytes: number
  readonly lowest: { readonly hash: Hash; readonly number: bigint; readonly parentHash: Hash } | null
}

/** Extends the unsafe chain: by blocks of our own, by payloads of others that wait in a queue for their parent. */
export class UnsafeBlocks {
  readonly #parts: UnsafeBlocksParts
  readonly #queue: UnsafePayloadQueue

  constructor(parts: UnsafeBlocksParts) {
    this.#parts = parts
    this.#queue = new UnsafePayloadQueue(parts.maxQueueBytes)
  }

  get queue(): UnsafeQueueStatus {
    const lowest = this.#queue.peek()?.executionPayload
    return {
      length: this.#queue.length,
      bytes: this.#queue.bytes,
      lowest: lowest ? { hash: lowest.blockHash, number: lowest.blockNumber, parentHash: lowest.parentHash } : null,
    }
  }

  /** See {@link EngineController.receiveUnsafePayload}. */
  async receive(envelope: ExecutionPayloadEnvelope): Promise<'queued' | UnsafeQueueOutcome> {
    if (this.#parts.elSync.isSyncing) return this.#receiveWhileSyncing(envelope)
    const { result, evicted } = this.#queue.add(envelope)
    for (const payload of evicted) this.#dropped(payload, 'queueFull')
    this.#gaugeQueue()
    if (result === 'added') return 'queued'
    this.#dropped(envelope, result)
    return 'dropped'
  }

  async #receiveWhileSyncing(envelope: ExecutionPayloadEnvelope): Promise<'queued' | UnsafeQueueOutcome> {
    const { forkchoice, elSync } = this.#parts
    if (envelope.executionPayload.blockNumber <= forkchoice.heads.unsafe.number) return 'dropped'
    await elSync.begin()
    if (!elSync.isSyncing) return this.receive(envelope)
    const inserted = await elSync.insert(envelope)
    if (inserted.kind === 'inserted') return 'inserted'
    this.#dropped(envelope, 'invalid')
    return 'dropped'
  }

  /** See {@link EngineController.processNextUnsafe}; the engine must be told of the heads before. */
  async processNext(): Promise<UnsafeQueueOutcome> {
    const envelope = this.#queue.peek()
    if (!envelope) return 'empty'
    const { executionPayload: payload } = envelope
    const verdict = judgeUnsafePayload(payload, this.#parts.forkchoice.heads)
    if (verdict.action === 'wait') return 'waiting'
    if (verdict.action === 'drop') {
      this.#removeQueued(envelope, verdict.reason)
      return 'dropped'
    }
    const outcome = await this.insert(envelope, 'gossip')
    if (outcome.kind === 'invalid') {
      this.#parts.log.warn('An unsafe payload is invalid', {
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

  /** Executes a block and makes it the unsafe head. @throws {EngineError} any but those of building */
  async insert(envelope: ExecutionPayloadEnvelope, cause: 'sequenced' | 'gossip'): Promise<InsertOutcome> {
    const { config, calls, forkchoice } = this.#parts
    return withRef(config, envelope, async (ref: L2BlockRef): Promise<InsertOutcome> => {
      const status = await calls.newPayload(envelope)
      if (status.status !== 'VALID' && !invalidStatus(status)) await calls.checkHeadIsThere(forkchoice.heads.unsafe)
      const notExecuted = judgeStatus('newPayload', status)
      if (notExecuted) return notExecuted
      const accepted = await calls.forkchoice('unsafe forkchoice update', forkchoice.state({ unsafe: ref }))
      const notAccepted = judgeStatus('forkchoiceUpdated', accepted)
      if (notAccepted) return notAccepted
      forkchoice.accept({ unsafe: ref }, cause)
      return { kind: 'inserted', ref }
    })
  }

  #removeQueued(envelope: ExecutionPayloadEnvelope, reason: string): void {
    this.#queue.remove(envelope.executionPayload.blockHash)
    this.#gaugeQueue()
    this.#dropped(envelope, reason)
  }

  #dropped({ executionPayload: payload }: ExecutionPayloadEnvelope, reason: string): void {
    this.#parts.metrics.payloadsDropped.inc({ reason })
    this.#parts.observer.unsafeDropped?.({ block: { hash: payload.blockHash, number: payload.blockNumber }, reason })
  }

  #gaugeQueue(): void {
    this.#parts.metrics.queueLength.set(this.#queue.length)
    this.#parts.metrics.queueBytes.set(this.#queue.bytes)
  }
}
