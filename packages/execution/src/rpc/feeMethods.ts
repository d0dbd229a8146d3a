import { isDepositTx, type JsonNode, nextBaseFee } from '@keelson/protocol'
import { invalidParams, RpcMethodError } from '@keelson/service'
import { effectiveTip } from '../builder/bestTransactions.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { decodeTransaction } from '../transition/transaction.ts'
import { needBlock, readBlockNumber } from './blockSelector.ts'
import { Params } from './params.ts'
import type { RpcMethodTable } from './rpcMethod.ts'

/** Tip suggested while blocks are not full: op-geth's default, in wei. */
const MIN_SUGGESTED_TIP = 1_000_000n
const MAX_FEE_HISTORY = 1024
const MAX_PERCENTILES = 100

type Tip = { readonly tip: bigint; readonly gasUsed: bigint }

const byTip = (a: Tip, b: Tip) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0)

/** Fee suggestions and history in `eth_`. */
export function feeMethods(engine: ExecutionEngine): RpcMethodTable {
  const { chain } = engine

  /** What the transactions of a block paid, cheapest first: deposits paid nothing, and weigh by their gas as all do. */
  function tipsOf(block: StoredBlock): Tip[] {
    const receipts = chain.store.receipts(block.hash) ?? []
    return block.transactions
      .map((bytes, index): Tip => {
        const tip = isDepositTx(bytes) ? 0n : (effectiveTip(decodeTransaction(bytes), block.header.baseFeePerGas) ?? 0n)
        return { tip, gasUsed: receipts[index]?.gasUsed ?? 0n }
      })
      .sort(byTip)
  }

  /**
   * The lowest tip that should do: the minimum while blocks have room, else a tenth above the median of the last one.
   */
  function suggestedTip(): bigint {
    const { head } = chain
    const tips = tipsOf(head)
    let largest = 0n
    for (const { gasUsed } of tips) if (gasUsed > largest) largest = gasUsed
    if (head.header.gasUsed + largest <= head.header.gasLimit) return MIN_SUGGESTED_TIP
    const median = tips[tips.length >> 1]?.tip ?? 0n
    const raised = median + median / 10n
    return raised > MIN_SUGGESTED_TIP ? raised : MIN_SUGGESTED_TIP
  }

  const baseFeeAfter = ({ header }: StoredBlock): bigint => nextBaseFee(chain.spec, header, header.timestamp + 1n)

  function feeHistory(count: bigint, newest: StoredBlock, percentiles: readonly number[]) {
    const asked = count > BigInt(MAX_FEE_HISTORY) ? MAX_FEE_HISTORY : Number(count)
    const blocks: StoredBlock[] = []
    for (let at: StoredBlock | null = newest; at && blocks.length < asked; ) {
      blocks.unshift(at)
      at = engine.select({ hash: at.header.parentHash })
    }
    const oldest = blocks[0]
    if (!oldest) return { oldestBlock: 0n, gasUsedRatio: null }
    return {
      oldestBlock: oldest.header.number,
      baseFeePerGas: [...blocks.map(({ header }) => header.baseFeePerGas), baseFeeAfter(newest)],
      gasUsedRatio: blocks.map(({ header }) => Number(header.gasUsed) / Number(header.gasLimit)),
      baseFeePerBlobGas: [...blocks, newest].map(({ header }) => (header.excessBlobGas === undefined ? 0n : 1n)),
      blobGasUsedRatio: blocks.map(() => 0),
      ...(percentiles.length > 0 && { reward: blocks.map((block) => rewards(block, percentiles)) }),
    }
  }

  function rewards(block: StoredBlock, percentiles: readonly number[]): bigint[] {
    const tips = tipsOf(block)
    return percentiles.map((percentile) => {
      const threshold = BigInt(Math.floor((Number(block.header.gasUsed) * percentile) / 100))
      let sum = 0n
      const reached = tips.find(({ gasUsed }) => {
        sum += gasUsed
        return sum >= threshold
      })
      return (reached ?? tips.at(-1))?.tip ?? 0n
    })
  }

  return {
    eth_gasPrice: () => suggestedTip() + chain.head.header.baseFeePerGas,
    eth_maxPriorityFeePerGas: () => suggestedTip(),
    eth_blobBaseFee: () => 1n,
    /** Of the next block. */
    eth_baseFee: () => baseFeeAfter(chain.head),
    eth_feeHistory: (values) => {
      const params = new Params(values, 3)
      const count = params.required(0, (node: JsonNode) => node.uint64())
      const last = params.required(1, readBlockNumber)
      const head = chain.head.header.number
      if (typeof last === 'object' && 'number' in last && last.number > head) {
        throw new RpcMethodError(-32000, `request beyond head block: requested ${last.number}, head ${head}`)
      }
      const newest = needBlock(engine, last)
      const percentiles = params.optional(
        2,
        (node) => node.items().map((item) => (typeof item.value === 'number' ? item.value : item.fail('not a number'))),
        [],
      )
      if (percentiles.length > MAX_PERCENTILES) throw invalidParams(`over the query limit ${MAX_PERCENTILES}`)
      for (const [i, percentile] of percentiles.entries()) {
        if (percentile < 0 || percentile > 100)
          throw new RpcMethodError(-32000, `invalid reward percentile: ${percentile.toFixed(6)}`)
        if (i > 0 && percentile <= (percentiles[i - 1] as number)) {
          throw new RpcMethodError(
            -32000,
            `invalid reward percentile: #${i - 1}:${percentiles[i - 1]?.toFixed(6)} >= #${i}:${percentile.toFixed(6)}`,
          )
        }
      }
      return feeHistory(count, newest, percentiles)
    },
  }
}
