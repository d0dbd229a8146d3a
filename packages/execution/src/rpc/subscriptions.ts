import { type Hash, JsonNode } from '@keelson/protocol'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { headerJson } from './blockJson.ts'
import { matchingLogs, readLogCriteria } from './logMatcher.ts'
import { Params } from './params.ts'
import { receiptsJson } from './receiptJson.ts'
import { transactionJson } from './transactionJson.ts'

/** Begins to emit; the returned function ends it. */
export type Subscription = (params: readonly unknown[], emit: (result: unknown) => void) => () => void

/** Transactions that one subscription to receipts may name. */
const MAX_RECEIPT_HASHES = 200

/** What `eth_subscribe` offers. */
export function ethSubscriptions(engine: ExecutionEngine): Readonly<Record<string, Subscription>> {
  const { chain, pool } = engine
  return {
    newHeads: (_, emit) =>
      chain.onHead(({ added }) => {
        for (const { hash, header } of added) emit(headerJson(hash, header))
      }),
    logs: (values, emit) => {
      const criteria = new Params(values, 1).optional(0, readLogCriteria, readLogCriteria(new JsonNode({})))
      return chain.onHead(({ added, removed }) => {
        for (const block of removed) for (const log of matchingLogs(chain, block, criteria, true)) emit(log)
        for (const block of added) for (const log of matchingLogs(chain, block, criteria)) emit(log)
      })
    },
    newPendingTransactions: (values, emit) => {
      const full = values[0] === true
      return pool.onPending((tx) => emit(full ? transactionJson(tx, null) : tx.hash))
    },
    transactionReceipts: (values, emit) => {
      const wanted = new Params(values, 1).optional(0, readTransactionHashes, null)
      return chain.onHead(({ added }) => {
        for (const block of added) {
          const receipts = receiptsJson(chain, block).filter(
            ({ transactionHash }) => wanted === null || wanted.has(transactionHash as Hash),
          )
          if (receipts.length > 0) emit(receipts)
        }
      })
    },
    // This engine is never behind a chain that it knows of.
    syncing: (_, emit) => {
      emit(false)
      return () => {}
    },
  }
}

/** Which transactions a subscription to receipts is for; `null` means all. */
function readTransactionHashes(node: JsonNode): ReadonlySet<Hash> | null {
  const list = node.get('transactionHashes')
  const hashes = list.exists ? list.items().map((item) => item.hash()) : []
  if (hashes.length > MAX_RECEIPT_HASHES) list.fail(`more than ${MAX_RECEIPT_HASHES} transactions`)
  return hashes.length > 0 ? new Set(hashes) : null
}
