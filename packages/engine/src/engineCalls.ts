import {
  type CallOptions,
  CodedError,
  ENGINE_ERROR,
  EngineApiError,
  type ExecutionClient,
  type ExecutionPayloadEnvelope,
  type ForkchoiceState,
  type ForkchoiceUpdatedResult,
  type L2BlockRef,
  type PayloadAttributes,
  type PayloadId,
  type PayloadStatus,
} from '@keelson/protocol'
import { type Clock, errorText } from '@keelson/service'
import { EngineError } from './errors.ts'
import type { EngineMetrics } from './metrics.ts'
import { type Invalid, judgeStatus } from './payloadOutcome.ts'

/** How long one engine call may take. */
export const ENGINE_CALL_TIMEOUT_MS = 10_000

type EngineCallsOptions = {
  readonly engine: ExecutionClient
  readonly clock: Clock
  readonly metrics: EngineMetrics
  readonly timeoutMs: number
}

/** The Engine API with its errors put into classes: the one place that knows which code means what. */
export class EngineCalls {
  readonly #options: EngineCallsOptions

  constructor(options: EngineCallsOptions) {
    this.#options = options
  }

  /** Moves the engine's heads. @throws {EngineError} `forkchoiceInconsistent`, `refused`, `unreachable` */
  async forkchoice(call: string, state: ForkchoiceState): Promise<PayloadStatus> {
    try {
      const { payloadStatus } = await this.ask(call, (options) =>
        this.#options.engine.forkchoiceUpdated(state, null, options),
      )
      return payloadStatus
    } catch (error) {
      throw forkchoiceError(call, state, error)
    }
  }

  /** Starts a block. @throws {EngineError} also `buildRefused`, `syncing`, `noPayloadId`, `unexpectedStatus` */
  async startBuild(
    state: ForkchoiceState,
    parent: L2BlockRef,
    attributes: PayloadAttributes,
  ): Promise<{ kind: 'started'; id: PayloadId } | Invalid> {
    const call = 'build start'
    let result: ForkchoiceUpdatedResult
    try {
      result = await this.ask(call, (options) => this.#options.engine.forkchoiceUpdated(state, attributes, options))
    } catch (error) {
      if (error instanceof EngineApiError && error.code === ENGINE_ERROR.invalidPayloadAttributes) {
        return { kind: 'invalid', reason: error.message }
      }
      if (error instanceof EngineApiError && error.code !== ENGINE_ERROR.invalidForkchoiceState) {
        throw new EngineError('buildRefused', { code: error.code, reason: error.message }, { cause: error })
      }
      throw forkchoiceError(call, state, error)
    }
    if (result.payloadStatus.status === 'SYNCING') throw new EngineError('syncing', { call })
    const invalid = judgeStatus(call, result.payloadStatus)
    if (invalid) return invalid
    if (!result.payloadId) throw new EngineError('noPayloadId', { parent: parent.hash })
    return { kind: 'started', id: result.payloadId }
  }

  /** Ends the building of a block. @throws {EngineError} `payloadExpired`, `refused`, `unreachable` */
  async getPayload(id: PayloadId, timestamp: bigint): Promise<ExecutionPayloadEnvelope> {
    const call = 'getPayload'
    try {
      return await this.ask(call, (options) => this.#options.engine.getPayload(id, timestamp, options))
    } catch (error) {
      if (!(error instanceof EngineApiError)) throw error
      if (error.code === ENGINE_ERROR.unknownPayload) {
        throw new EngineError('payloadExpired', { payloadId: id, reason: error.message }, { cause: error })
      }
      throw new EngineError('refused', { call, code: error.code, reason: error.message }, { cause: error })
    }
  }

  /** Executes a block. @throws {EngineError} `refused`, `unreachable` */
  async newPayload(envelope: ExecutionPayloadEnvelope): Promise<PayloadStatus> {
    const call = 'newPayload'
    try {
      return await this.ask(call, (options) => this.#options.engine.newPayload(envelope, options))
    } catch (error) {
      if (!(error instanceof EngineApiError)) throw error
      throw new EngineError('refused', { call, code: error.code, reason: error.message }, { cause: error })
    }
  }

  /**
   * An engine that lost blocks (killed before it wrote them) answers as one that syncs: then a reset finds what is left.
   *
   * @throws {EngineError} `headLost`, `unreachable`
   */
  async checkHeadIsThere({ number, hash }: L2BlockRef): Promise<void> {
    const found = await this.ask('head read', (call) => this.#options.engine.getBlock({ hash }, call))
    if (!found) throw new EngineError('headLost', { number, hash })
  }

  /** Any other question to the engine, with the same limit of time. @throws {EngineError} `unreachable` */
  async ask<T>(call: string, run: (options: CallOptions) => Promise<T>): Promise<T> {
    const { clock, timeoutMs, metrics } = this.#options
    const abort = new AbortController()
    const started = clock.now()
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      cancel = clock.setTimeout(() => {
        const reason = new Error(`no answer within ${timeoutMs} ms`)
        abort.abort(reason)
        reject(reason)
      }, timeoutMs)
    })
    try {
      return await Promise.race([run({ signal: abort.signal }), late])
    } catch (cause) {
      if (cause instanceof EngineApiError || cause instanceof CodedError) throw cause
      const reason = errorText(cause)
      throw new EngineError('unreachable', { call, reason }, { cause })
    } finally {
      cancel()
      metrics.callSeconds.observe({ call }, (clock.now() - started) / 1000)
    }
  }
}

function forkchoiceError(call: string, state: ForkchoiceState, error: unknown): unknown {
  if (!(error instanceof EngineApiError)) return error
  if (error.code !== ENGINE_ERROR.invalidForkchoiceState) {
    return new EngineError('refused', { call, code: error.code, reason: error.message }, { cause: error })
  }
  const { headBlockHash: head, safeBlockHash: safe, finalizedBlockHash: finalized } = state
  return new EngineError(
    'forkchoiceInconsistent',
    { call, head, safe, finalized, reason: error.message },
    { cause: error },
  )
}
