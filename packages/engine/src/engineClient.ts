import {
  accountProofFromJson,
  attributesToJson,
  EngineApiError,
  type ExecutionClient,
  type ExecutionPayloadEnvelope,
  envelopeFromJson,
  forkchoiceStateToJson,
  forkchoiceUpdatedFromJson,
  type Hex,
  isForkActive,
  type L2BlockSelector,
  payloadStatusFromJson,
  payloadToJson,
  quantityToHex,
  type RollupConfig,
} from '@keelson/protocol'
import {
  type Clock,
  createRpcClient,
  jwtHeaders,
  type Logger,
  type MetricRegistry,
  nullLogger,
  RpcError,
  systemClock,
  TransportError,
} from '@keelson/service'
import { forkchoiceUpdatedMethod, getPayloadMethod, newPayloadMethod } from './engineVersions.ts'
import { EngineError } from './errors.ts'
import { type RpcBlock, rpcBlockToEnvelope } from './rpcBlock.ts'

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

/** What engines answer for a block they do not have, where they do not answer `null`. */
const NOT_FOUND = /block not found|unknown block|header not found/i

const LABELS = { unsafe: 'latest', safe: 'safe', finalized: 'finalized' } as const

/**
 * An engine (op-reth, op-geth, or ours in another process) over HTTP with JWT.
 *
 * Blocks are read with full transactions and verified against their hash. Refused calls reject with `EngineApiError`,
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

  const block = async (selector: L2BlockSelector, signal?: AbortSignal): Promise<ExecutionPayloadEnvelope | null> => {
    const [method, param] = blockRequest(selector)
    let found: RpcBlock | null
    try {
      found = await request<RpcBlock | null>(method, [param, true], signal)
    } catch (error) {
      if (error instanceof EngineApiError && NOT_FOUND.test(error.message)) return null
      throw error
    }
    if (!found) return null
    if (typeof selector === 'object' && 'hash' in selector && found.hash !== selector.hash) {
      throw new EngineError('blockHashMismatch', { expected: selector.hash, computed: found.hash })
    }
    return rpcBlockToEnvelope(found)
  }

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

    getBlock: (selector, call) => block(selector, call?.signal),

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

function blockRequest(selector: L2BlockSelector): [method: string, param: string] {
  if (typeof selector === 'string') return ['eth_getBlockByNumber', LABELS[selector]]
  if ('hash' in selector) return ['eth_getBlockByHash', selector.hash]
  return ['eth_getBlockByNumber', quantityToHex(selector.number)]
}

function decoded<T>(call: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('malformedAnswer', { call, reason }, { cause })
  }
}
