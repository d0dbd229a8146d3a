import { JsonNode } from '@keelson/protocol'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { headerJson } from './blockJson.ts'
import { matchingLogs, readLogCriteria } from './logMatcher.ts'
import { Params } from './params.ts'
import { transactionJson } from './transactionJson.ts'

/** Begins to emit; the returned function ends it. */
export type Subscription = (params: readonly unknown[], emit: (result: unknown) => void) => () => void

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
    // This engine is never behind a chain that it knows of.
    syncing: (_, emit) => {
      emit(false)
      return () => {}
    },
  }
}
