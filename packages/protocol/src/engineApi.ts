import type { ExecutionPayloadEnvelope, PayloadAttributes } from './payload.ts'
import type { Address, Hash, Hex } from './primitives.ts'
import type { BlockLabel } from './refs.ts'

export type ForkchoiceState = {
  readonly headBlockHash: Hash
  readonly safeBlockHash: Hash
  readonly finalizedBlockHash: Hash
}

export type PayloadStatusCode = 'VALID' | 'INVALID' | 'SYNCING' | 'ACCEPTED' | 'INVALID_BLOCK_HASH'

export type PayloadStatus = {
  readonly status: PayloadStatusCode
  readonly latestValidHash: Hash | null
  readonly validationError: string | null
}

/** 8 bytes. */
export type PayloadId = Hex

export type ForkchoiceUpdatedResult = { readonly payloadStatus: PayloadStatus; readonly payloadId: PayloadId | null }

export type CallOptions = { readonly signal?: AbortSignal }

/** The error codes of the Engine API that the OP Stack acts on. */
export const ENGINE_ERROR = {
  invalidParams: -32602,
  unknownPayload: -38001,
  invalidForkchoiceState: -38002,
  invalidPayloadAttributes: -38003,
  tooLargeRequest: -38004,
  unsupportedFork: -38005,
} as const

/** An answer of the engine that is an error: `code` is that of JSON-RPC or of the Engine API. */
export class EngineApiError extends Error {
  override readonly name = 'EngineApiError'
  readonly code: number
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * The Engine API without its version numbers: whoever carries it over a wire picks V1…V5 by the fork matrix.
 *
 * Rejects with {@link EngineApiError} when the engine answers with an error, with anything else when it could not be
 * asked (transport). Implemented by the embedded engine, by the HTTP client and by the fake; all run `testEngineApi`.
 *
 * @see specs/protocol/exec-engine.md#engine-api
 */
export interface EngineApi {
  forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | null,
    call?: CallOptions,
  ): Promise<ForkchoiceUpdatedResult>
  /** `timestamp` is that of the attributes the payload was started with: it picks the version. */
  getPayload(id: PayloadId, timestamp: bigint, call?: CallOptions): Promise<ExecutionPayloadEnvelope>
  newPayload(envelope: ExecutionPayloadEnvelope, call?: CallOptions): Promise<PayloadStatus>
}

/** An account with its proof, as `eth_getProof` gives it; not yet verified. */
export type AccountProof = {
  readonly address: Address
  readonly balance: bigint
  readonly codeHash: Hash
  readonly nonce: bigint
  readonly storageHash: Hash
  readonly accountProof: readonly Hex[]
  readonly storageProof: readonly { readonly key: Hex; readonly value: bigint; readonly proof: readonly Hex[] }[]
}

/** Which L2 block: by label, height or hash. */
export type L2BlockSelector = BlockLabel | { readonly number: bigint } | { readonly hash: Hash }

/** The L2 chain as read through the engine's authenticated endpoint. `null`: the engine has no such block. */
export interface L2BlockReader {
  getChainId(call?: CallOptions): Promise<bigint>
  /** The block as a payload, with its block hash recomputed and equal, and its state root in place. */
  getBlock(selector: L2BlockSelector, call?: CallOptions): Promise<ExecutionPayloadEnvelope | null>
  getProof(address: Address, keys: readonly Hash[], blockHash: Hash, call?: CallOptions): Promise<AccountProof | null>
}

/** An execution engine as the rollup node sees it: op-reth, op-geth or the embedded one. */
export type ExecutionClient = EngineApi & L2BlockReader
