import {
  accountProofFromJson,
  attributesToJson,
  EngineApiError,
  type ExecutionClient,
  envelopeFromJson,
  forkchoiceStateToJson,
  forkchoiceUpdatedFromJson,
  type Hex,
  isForkActive,
  payloadStatusFromJson,
  payloadToJson,
  type RollupConfig,
} from '@keelson/protocol'
import {
  type Clock,
  createRpcClient,
  errorText,
  jwtHeaders,
  type Logger,
  type MetricRegistry,
  nullLogger,
  RpcError,
  systemClock,
  TransportError,
} from '@keelson/service'
import { createBlockReader, NOT_FOUND } from './blockReader.ts'
import { forkchoiceUpdatedMethod, getPayloadMethod, newPayloadMethod } from './engineVersions.ts'
import { EngineError } from './errors.ts'

export type EngineClientOptions = {
  readonly url: string
  /** 32 bytes, shared with the engine. */
  readonly jwtSecret: Uint8Array
  /** Its forks pick the version of each method. */
  readonly config: Pick<RollupConfig, 'forks'>
  /** For one call; 10 s. */
  readonly timeoutMs?: number
  readonly clock?: Clock
  readonly fetch?: typeof globalThis.fetch
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

/**
 * An engine (op-reth, op-geth, or ours in another process) over HTTP with JWT.
 *
 * Blocks are read through {@link createBlockReader}, and so verified. Refused calls reject with `EngineApiError`,
 * calls without an answer with `TransportError`; a 401 is logged once, with what to check.
 */
export function createEngineClient(options: EngineClientOptions): ExecutionClient {
  const { url, jwtSecret, config, clock = systemClock, log = nullLogger } = options
  const rpc = createRpcClient({
    url,
    headers: jwtHeaders(jwtSecret, clock),
    timeoutMs: options.timeoutMs ?? 10_000,
    clock,
    log,
    name: 'engine-api',
    ...(options.metrics ? { metrics: options.metrics } : {}),
    ...(options.fetch ? { fetch: options.fetch } : {}),
  })
  let saidUnauthorized = false

  async function request<T = unknown>(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<T> {
    try {
      const result = await rpc.request<T>(method, params, signal ? { signal } : {})
      saidUnauthorized = false
      return result
    } catch (error) {
      if (error instanceof RpcError) throw new EngineApiError(error.code, error.message, { cause: error })
      if (error instanceof TransportError && error.status === 401 && !saidUnauthorized) {
        saidUnauthorized = true
        log.error('The engine refuses our JWT: check that both use the same secret file, and their clocks', {
          err: error.message,
        })
      }
      throw error
    }
  }

  const getBlock = createBlockReader((method, params, call) => request(method, params, call?.signal))

  return {
    async forkchoiceUpdated(state, attributes, call) {
      const method = forkchoiceUpdatedMethod(config, attributes?.timestamp ?? null)
      const params = [forkchoiceStateToJson(state), attributes ? attributesToJson(attributes) : null]
      const answer = await request(method, params, call?.signal)
      return decoded(method, () => forkchoiceUpdatedFromJson(answer))
    },

    async getPayload(id, timestamp, call) {
      const method = getPayloadMethod(config, timestamp)
      const answer = await request(method, [id], call?.signal)
      return decoded(method, () => envelopeFromJson(answer))
    },

    async newPayload({ executionPayload, parentBeaconBlockRoot }, call) {
      const { timestamp } = executionPayload
      const method = newPayloadMethod(config, timestamp)
      const params: unknown[] = [payloadToJson(executionPayload)]
      if (isForkActive(config, 'ecotone', timestamp)) params.push([], parentBeaconBlockRoot ?? null)
      if (isForkActive(config, 'isthmus', timestamp)) params.push([])
      const answer = await request(method, params, call?.signal)
      return decoded(method, () => payloadStatusFromJson(answer))
    },

    async getChainId(call) {
      return BigInt(await request<Hex>('eth_chainId', [], call?.signal))
    },

    getBlock,

    async getProof(address, keys, blockHash, call) {
      try {
        const answer = await request('eth_getProof', [address, keys, blockHash], call?.signal)
        return answer === null ? null : decoded('eth_getProof', () => accountProofFromJson(answer))
      } catch (error) {
        if (error instanceof EngineApiError && NOT_FOUND.test(error.message)) return null
        throw error
      }
    },
  }
}

function decoded<T>(call: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const reason = errorText(cause)
    throw new EngineError('malformedAnswer', { call, reason }, { cause })
  }
}
