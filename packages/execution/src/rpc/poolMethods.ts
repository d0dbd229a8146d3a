import type { Address, Hash } from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { PoolError } from '../pool/poolError.ts'
import type { PooledTx } from '../pool/senderQueue.ts'
import type { ExecutionTx } from '../transition/types.ts'
import { Params, readAddress, readBytes, readQuantity } from './params.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { transactionJson } from './transactionJson.ts'

/** Passes a signed transaction on to the sequencer. Rejects with the sequencer's error. */
export type TransactionForwarder = (tx: Uint8Array) => Promise<Hash>

const byNonce = <T>(list: readonly PooledTx[], show: (tx: ExecutionTx) => T): Record<string, T> =>
  Object.fromEntries(list.map(({ tx }) => [tx.nonce.toString(), show(tx)]))

const inspect = ({ to, value, gasLimit, maxFeePerGas }: ExecutionTx): string =>
  `${to ?? 'contract creation'}: ${value} wei + ${gasLimit} gas × ${maxFeePerGas} wei`

/** Sending transactions, and a look into the pool. */
export function poolMethods(engine: ExecutionEngine, forward?: TransactionForwarder): RpcMethodTable {
  const { pool } = engine
  const all = <T>(show: (tx: ExecutionTx) => T) => {
    const pending: Record<Address, Record<string, T>> = {}
    const queued: Record<Address, Record<string, T>> = {}
    for (const [sender, lists] of pool.content()) {
      if (lists.pending.length > 0) pending[sender] = byNonce(lists.pending, show)
      if (lists.queued.length > 0) queued[sender] = byNonce(lists.queued, show)
    }
    return { pending, queued }
  }
  const json = (tx: ExecutionTx) => transactionJson(tx, null)

  return {
    eth_sendRawTransaction: async (values) => {
      const bytes = new Params(values, 1).required(0, readBytes)
      try {
        if (!forward) return await pool.submit(bytes)
        const hash = await forward(bytes)
        try {
          await pool.submit(bytes)
        } catch {
          // The sequencer's word counts; here it is only kept to be shown.
        }
        return hash
      } catch (error) {
        if (error instanceof PoolError) throw new RpcMethodError(-32000, error.message)
        throw error
      }
    },
    eth_pendingTransactions: () => [],
    txpool_status: () => {
      let pending = 0
      let queued = 0
      for (const lists of pool.content().values()) {
        pending += lists.pending.length
        queued += lists.queued.length
      }
      return { pending: BigInt(pending), queued: BigInt(queued) }
    },
    txpool_content: () => all(json),
    txpool_contentFrom: (values) => {
      const lists = pool.contentOf(new Params(values, 1).required(0, readAddress))
      return { pending: byNonce(lists.pending, json), queued: byNonce(lists.queued, json) }
    },
    txpool_inspect: () => all(inspect),
    miner_setMaxDASize: (values) => {
      const params = new Params(values, 2)
      engine.builder.setDaLimits({
        maxTxBytes: params.required(0, readQuantity),
        maxBlockBytes: params.required(1, readQuantity),
      })
      return true
    },
  }
}
