import type { JsonNode } from '@keelson/protocol'
import { invalidParams, RpcMethodError } from '@keelson/service'
import { createBreather } from '../chain/breather.ts'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { type BlockSelector, needBlock, readBlockNumber, selectBlock } from './blockSelector.ts'
import { FilterStore } from './filterStore.ts'
import { bloomMatches, type LogCriteria, matchingLogs, readLogCriteria } from './logMatcher.ts'
import { Params } from './params.ts'
import type { RpcMethodTable } from './rpcMethod.ts'

/** Logs in one answer, and blocks in one query. */
const MAX_LOGS = 20_000
const MAX_RANGE = 1_000_000n

export type LogQuery = {
  readonly criteria: LogCriteria
  readonly range: { readonly blockHash: BlockSelector } | { readonly from: BlockSelector; readonly to: BlockSelector }
}

/** Reads a filter object of `eth_getLogs` and `eth_newFilter`. */
export function readLogQuery(node: JsonNode): LogQuery {
  const blockHash = node.get('blockHash')
  const from = node.get('fromBlock')
  const to = node.get('toBlock')
  const criteria = readLogCriteria(node)
  if (blockHash.exists) {
    if (from.exists || to.exists)
      node.fail('cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other')
    return { criteria, range: { blockHash: { hash: blockHash.hash(), requireCanonical: false } } }
  }
  return {
    criteria,
    range: { from: from.exists ? readBlockNumber(from) : 'latest', to: to.exists ? readBlockNumber(to) : 'latest' },
  }
}

/** `eth_getLogs` and the filters that are polled. */
export function logMethods(engine: ExecutionEngine, now: () => number): { methods: RpcMethodTable; close(): void } {
  const { chain } = engine
  const filters = new FilterStore(engine, now)

  const heightOf = (selector: BlockSelector): bigint =>
    typeof selector === 'object' && 'number' in selector ? selector.number : needBlock(engine, selector).header.number

  async function getLogs({ criteria, range }: LogQuery, signal?: AbortSignal): Promise<unknown[]> {
    if ('blockHash' in range) {
      const block = selectBlock(engine, range.blockHash)
      if (!block) throw new RpcMethodError(-32000, 'unknown block')
      return matchingLogs(chain, block, criteria)
    }
    const head = chain.head.header.number
    const from = heightOf(range.from)
    const asked = heightOf(range.to)
    if (from > asked) throw invalidParams('invalid block range params')
    let to = asked
    if (to > head) to = head
    if (to - from > MAX_RANGE) throw invalidParams(`block range too large: ${to - from}, at most ${MAX_RANGE}`)
    const found: unknown[] = []
    const breathe = createBreather(now)
    for (let number = from; number <= to; number++) {
      await breathe()
      if (signal?.aborted) break
      const hash = chain.store.canonicalHash(number)
      const header = hash && chain.store.header(hash)
      if (!hash || !header || !bloomMatches(header, criteria)) continue
      found.push(...matchingLogs(chain, chain.need(hash), criteria))
      if (found.length > MAX_LOGS) throw new RpcMethodError(-32005, `query returned more than ${MAX_LOGS} results`)
    }
    return found
  }

  const readId = (node: JsonNode) => node.string()
  const filterOf = (values: readonly unknown[]) => filters.need(new Params(values, 1).required(0, readId))

  return {
    close: () => filters.close(),
    methods: {
      eth_getLogs: (values, context) => getLogs(new Params(values, 1).required(0, readLogQuery), context?.signal),
      eth_newFilter: (values) => filters.addLogs(new Params(values, 1).required(0, readLogQuery)),
      eth_newBlockFilter: () => filters.addBlocks(),
      eth_newPendingTransactionFilter: () => filters.addPending(),
      eth_getFilterChanges: (values) => filterOf(values).take(),
      eth_getFilterLogs: (values, context) => {
        const { query } = filterOf(values)
        if (!query) throw new RpcMethodError(-32000, 'filter not found')
        return getLogs(query, context?.signal)
      },
      eth_uninstallFilter: (values) => filters.remove(new Params(values, 1).required(0, readId)),
    },
  }
}
