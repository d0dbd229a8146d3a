import { quantityToHex } from '@keelson/protocol'
import type { RpcClient } from '@keelson/service'
import type { RpcBlock } from './rpcTypes.ts'
import { byNonce, type TrackedTx } from './trackedTx.ts'
import type { TxInclusion } from './txApi.ts'
import { inclusionOf } from './txCalls.ts'

/** How deep a reorg may be for its victims to be sent again, in L1 blocks and in bytes kept for it. */
const REORG_DEPTH = 64n
const RECENT_BYTES = 16 * 1024 * 1024

type ConfirmedTxsParts = {
  readonly rpc: RpcClient
  readonly signal: AbortSignal
  /** Told of each transaction that is no longer in the chain, in the order of nonces, with where it stood. */
  readonly onLost: (entry: TrackedTx, inclusion: TxInclusion) => Promise<void>
}

/** Transactions that have their confirmations, for as long as a reorg may still take them out. */
export class ConfirmedTxs {
  readonly #parts: ConfirmedTxsParts
  /** By nonce. */
  #recent: TrackedTx[] = []
  #checking: Promise<void> | null = null

  constructor(parts: ConfirmedTxsParts) {
    this.#parts = parts
  }

  get isEmpty(): boolean {
    return this.#recent.length === 0
  }

  /** Keeps a transaction that was just confirmed, and forgets those that are too deep, or too many. */
  remember(entry: TrackedTx, confirmedAt: bigint): void {
    this.#recent.push(entry)
    this.#recent.sort(byNonce)
    let bytes = 0
    this.#recent = this.#recent
      .toReversed()
      .filter(({ inclusion, versions }) => {
        bytes += versions.reduce((sum, { raw }) => sum + raw.length, 0)
        return bytes <= RECENT_BYTES && inclusion !== null && inclusion.blockNumber + REORG_DEPTH >= confirmedAt
      })
      .toReversed()
  }

  /** Looks whether they are still in the chain. One look at a time: later calls wait for it. Rejects as the RPC client. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null
    })
    return this.#checking
  }

  async #check(): Promise<void> {
    const { rpc, signal, onLost } = this.#parts
    const newest = this.#recent.at(-1)
    if (!newest?.inclusion) return
    const { blockNumber, blockHash } = newest.inclusion
    const params = [quantityToHex(blockNumber), false]
    const block = await rpc.request<RpcBlock | null>('eth_getBlockByNumber', params, { signal })
    if (block?.hash === blockHash) return
    const lost: TrackedTx[] = []
    for (const entry of this.#recent) {
      const inclusion = await inclusionOf(rpc, entry.tx.nonce, entry.versions, signal)
      if (inclusion) entry.inclusion = inclusion
      else lost.push(entry)
    }
    for (const entry of lost) {
      const inclusion = entry.inclusion as TxInclusion
      this.#recent = this.#recent.filter((other) => other !== entry)
      entry.inclusion = null
      await onLost(entry, inclusion)
    }
  }
}
