import {
  type ExecutionPayloadEnvelope,
  encodeRpcTransaction,
  envelopeOf,
  type Hash,
  headerFromJson,
  headerHash,
  orderedTrieRoot,
  type RpcTransaction,
} from '@keelson/protocol'
import { errorText } from '@keelson/service'
import { EngineError } from './errors.ts'

/** A block with full transactions as `eth_getBlockBy…` gives it; the header's members are read by the protocol's codec. */
export type RpcBlock = {
  readonly hash: Hash
  readonly transactionsRoot: Hash
  readonly transactions: readonly RpcTransaction[]
}

/**
 * The payload of a block read over RPC, verified: transactions against the header's root, the header against the hash.
 *
 * @throws {EngineError} `blockHashMismatch`, `malformedAnswer`
 */
export function rpcBlockToEnvelope(block: RpcBlock): ExecutionPayloadEnvelope {
  try {
    const transactions = block.transactions.map(encodeTransaction)
    const root = orderedTrieRoot(transactions)
    if (root !== block.transactionsRoot) {
      throw new EngineError('malformedAnswer', {
        call: `eth_getBlock ${block.hash}`,
        reason: `transactions hash to ${root}, the header says ${block.transactionsRoot}`,
      })
    }
    const header = headerFromJson(block)
    const computed = headerHash(header)
    if (computed !== block.hash) throw new EngineError('blockHashMismatch', { expected: block.hash, computed })
    return envelopeOf(header, computed, transactions)
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    const reason = errorText(cause)
    throw new EngineError('malformedAnswer', { call: 'eth_getBlock', reason }, { cause })
  }
}

function encodeTransaction(tx: RpcTransaction): Uint8Array {
  const encoded = encodeRpcTransaction(tx)
  if (encoded) return encoded
  throw new EngineError('malformedAnswer', { call: 'eth_getBlock', reason: `unknown transaction type ${tx.type}` })
}
