import {
  type CallOptions,
  decodeBlock,
  type ExecutionPayloadEnvelope,
  envelopeOf,
  type Hex,
  hexToBytes,
  type L2BlockSelector,
  quantityToHex,
} from '@keelson/protocol'
import { errorText, isUnknownMethod } from '@keelson/service'
import { EngineError } from './errors.ts'
import { type RpcBlock, rpcBlockToEnvelope } from './rpcBlock.ts'

/** One JSON-RPC request to an execution client; rejects with an error that has the answer's code and message. */
export type RpcRequest = <T>(method: string, params: readonly unknown[], call?: CallOptions) => Promise<T>

/** What engines answer for a block they do not have, where they do not answer `null`. */
export const NOT_FOUND = /block (\S+ )?not found|unknown block|header not found|header for hash not found/i

const LABELS = { unsafe: 'latest', safe: 'safe', finalized: 'finalized' } as const

/**
 * Reads L2 blocks from an execution client, each verified: transactions against the header, the header against the hash.
 *
 * Asks for the block's RLP, which costs either side a fraction of what JSON does, until the client says that it does not
 * serve `debug_getRawBlock`; from then on for JSON with full transactions. `null`: there is no such block.
 *
 * The reader rejects as `request` does, or with {@link EngineError} `blockHashMismatch` or `malformedAnswer`.
 */
export function createBlockReader(request: RpcRequest) {
  let raw = true

  async function read(selector: L2BlockSelector, call?: CallOptions): Promise<ExecutionPayloadEnvelope | null> {
    if (!raw) return readJson(selector, call)
    try {
      return rawToEnvelope(await request<Hex>('debug_getRawBlock', [nameOf(selector)], call))
    } catch (error) {
      if (!isUnknownMethod(error)) throw error
      raw = false
      return readJson(selector, call)
    }
  }

  async function readJson(selector: L2BlockSelector, call?: CallOptions): Promise<ExecutionPayloadEnvelope | null> {
    const byHash = typeof selector === 'object' && 'hash' in selector
    const method = byHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber'
    const block = await request<RpcBlock | null>(method, [nameOf(selector), true], call)
    return block && rpcBlockToEnvelope(block)
  }

  return async (selector: L2BlockSelector, call?: CallOptions): Promise<ExecutionPayloadEnvelope | null> => {
    let found: ExecutionPayloadEnvelope | null
    try {
      found = await read(selector, call)
    } catch (error) {
      if (error instanceof Error && 'code' in error && NOT_FOUND.test(error.message)) return null
      throw error
    }
    if (found && typeof selector === 'object' && 'hash' in selector) {
      const computed = found.executionPayload.blockHash
      if (computed !== selector.hash) throw new EngineError('blockHashMismatch', { expected: selector.hash, computed })
    }
    return found
  }
}

function nameOf(selector: L2BlockSelector): string {
  if (typeof selector === 'string') return LABELS[selector]
  return 'hash' in selector ? selector.hash : quantityToHex(selector.number)
}

function rawToEnvelope(answer: Hex): ExecutionPayloadEnvelope {
  try {
    const { header, hash, transactions } = decodeBlock(hexToBytes(answer))
    return envelopeOf(header, hash, transactions)
  } catch (cause) {
    const reason = errorText(cause)
    throw new EngineError('malformedAnswer', { call: 'debug_getRawBlock', reason }, { cause })
  }
}
