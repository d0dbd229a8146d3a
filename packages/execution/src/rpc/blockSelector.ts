import type { Hash, JsonNode } from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { ExecutionEngine } from '../engine/executionEngine.ts'

/** A block as RPC names it. `latest` is the unsafe head, and so is `pending`. */
export type BlockSelector =
  | 'latest'
  | 'pending'
  | 'earliest'
  | 'safe'
  | 'finalized'
  | { readonly number: bigint }
  | { readonly hash: Hash; readonly requireCanonical: boolean }

const TAGS = ['latest', 'pending', 'earliest', 'safe', 'finalized'] as const

/** Reads a tag or a height. */
export function readBlockNumber(node: JsonNode): BlockSelector {
  const text = node.string()
  const tag = TAGS.find((known) => known === text)
  return tag ?? { number: node.quantity() }
}

/** Reads a tag, a height, a hash, or EIP-1898's object. */
export function readBlockSelector(node: JsonNode): BlockSelector {
  if (typeof node.value === 'string') {
    if (node.value.length === 66) return { hash: node.hash(), requireCanonical: false }
    return readBlockNumber(node)
  }
  const number = node.get('blockNumber')
  const hash = node.get('blockHash')
  if (number.exists && hash.exists) node.fail('both blockHash and blockNumber')
  if (number.exists) return readBlockNumber(number)
  const canonical = node.get('requireCanonical')
  return { hash: hash.hash(), requireCanonical: canonical.exists && canonical.boolean() }
}

/** The block that is named, or `null`. */
export function selectBlock(engine: ExecutionEngine, selector: BlockSelector): StoredBlock | null {
  if (selector === 'latest' || selector === 'pending') return engine.select('unsafe')
  if (selector === 'earliest') return engine.select({ hash: engine.chain.genesisHash })
  if (selector === 'safe' || selector === 'finalized') return engine.select(selector)
  if ('number' in selector) return engine.select(selector)
  if (selector.requireCanonical && !engine.chain.store.isCanonical(selector.hash)) {
    if (engine.chain.store.hasBlock(selector.hash)) throw new RpcMethodError(-32000, 'hash is not currently canonical')
    return null
  }
  return engine.select({ hash: selector.hash })
}

/** @throws {RpcMethodError} -32000 `header not found`, which clients look for */
export function needBlock(engine: ExecutionEngine, selector: BlockSelector): StoredBlock {
  const block = selectBlock(engine, selector)
  if (!block) {
    const byHash = typeof selector === 'object' && 'hash' in selector
    throw new RpcMethodError(-32000, byHash ? 'header for hash not found' : 'header not found')
  }
  return block
}
