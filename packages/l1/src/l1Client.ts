import {
  type Address,
  type BlockId,
  type CallOptions,
  CodecError,
  CodedError,
  type Hash,
  hexToBytes,
  type L1BlockInfo,
  type L1BlockRef,
  type L1Receipt,
  quantityToHex,
  txHash,
} from '@keelson/protocol'
import {
  type Clock,
  errorText,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  type RpcClient,
  RpcError,
  systemClock,
} from '@keelson/service'
import {
  badTransactions,
  encodeTransactions,
  transactionsOf,
  verifyTransactions,
  verifyWithdrawals,
} from './blockBody.ts'
import { ByteCache } from './byteCache.ts'
import { L1Error } from './errors.ts'
import { blockInfoOf, verifyRpcHeader } from './header.ts'
import type { L1Client, L1Label, RpcKind } from './l1Api.ts'
import { limitedRpc, type RpcLimits } from './limitedRpc.ts'
import { createL1Metrics } from './metrics.ts'
import { ReadAhead } from './readAhead.ts'
import { createReceiptsFetcher } from './receiptsFetcher.ts'
import type { L1RpcTransaction, RpcBlock } from './rpcTypes.ts'
import { SharedCalls } from './sharedCalls.ts'
import { provenSlot, type RpcProof, storageWord } from './storageProof.ts'

export type L1ClientOptions = RpcLimits & {
  readonly rpc: RpcClient
  /** Believe headers and transactions without hashing them. Receipts are checked all the same. */
  readonly trustRpc?: boolean
  readonly rpcKind?: RpcKind
  /** Bound of the cache of headers, transactions and receipts; 64 MiB. */
  readonly cacheBytes?: number
  /**
   * How many finalized blocks are fetched ahead of the one asked for by number; 8. Blocks that can still be reorged are never
   * answered from memory by number.
   */
  readonly prefetchBlocks?: number
  readonly log?: Logger
  readonly metrics?: MetricRegistry
  readonly clock?: Clock
}

type Block = { readonly info: L1BlockInfo; readonly stateRoot: Hash }
type Transactions = { readonly encoded: readonly Uint8Array[]; readonly hashes: readonly Hash[] }

const HEADER_BYTES = 1_500

/** geth and others answer an error, not null, for a label or hash they do not have. */
const isNotFound = (error: unknown) =>
  error instanceof RpcError &&
  /block not found|unknown block|header not found|(safe|finalized) block not found/i.test(error.message)

/**
 * L1 over JSON-RPC, verified and cached.
 *
 * Headers are hashed again, transactions re-encoded from their JSON and checked against `transactionsRoot`, receipts against
 * `receiptsRoot`. What is asked for by hash is asked for once.
 */
export function createL1Client(options: L1ClientOptions): L1Client {
  const { trustRpc = false, rpcKind = 'standard', cacheBytes = 64 * 1024 * 1024, prefetchBlocks = 8 } = options
  const { log = nullLogger, clock = systemClock } = options
  const rpc = limitedRpc(options.rpc, { ...options, clock })
  const metrics = createL1Metrics(options.metrics ?? nullMetrics)
  const cacheOf = <T>(type: string, share: number) =>
    new ByteCache<T>(cacheBytes * share, ({ hit, added, evicted, entries }) => {
      if (hit !== undefined) metrics.cacheGet.inc({ type, hit })
      if (added) metrics.cacheAdd.inc({ type, evicted: false })
      if (evicted) metrics.cacheAdd.inc({ type, evicted: true })
      metrics.cacheSize.set({ type }, entries)
    })
  const blocks = cacheOf<Block>('headers', 0.1)
  const transactions = cacheOf<Transactions>('txs', 0.5)
  const receipts = cacheOf<readonly L1Receipt[]>('receipts', 0.4)
  const fetchReceipts = createReceiptsFetcher({ rpc, kind: rpcKind, clock, log })

  const calls = new SharedCalls()
  const ahead = new ReadAhead({
    blocks: prefetchBlocks,
    fetch: (number) =>
      asking(`block ${number}`, async () => {
        const ref = await refByNumber(number, true)
        if (ref) await receiptsByHash(ref.hash)
        return ref
      }),
  })
  const closing = new AbortController()

  /** Turns every failure into one of our errors, so that derivation knows to try again. */
  async function asking<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (closing.signal.aborted) throw closing.signal.reason
      if (error instanceof L1Error) throw error
      if (error instanceof CodecError || !(error instanceof CodedError)) {
        const reason = errorText(error)
        throw new L1Error('unavailable', { what, reason }, { cause: error })
      }
      throw error
    }
  }

  const call = { signal: closing.signal }

  async function blockOrNull(method: string, params: readonly unknown[]): Promise<RpcBlock | null> {
    try {
      const block = await rpc.request<RpcBlock | null>(method, params, call)
      return block ?? null
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }

  function keepBlock(block: RpcBlock, expected?: Hash): Block {
    const known = blocks.get(block.hash)
    if (known && (expected === undefined || known.info.hash === expected)) return known
    if (!trustRpc) verifyRpcHeader(block, expected ?? block.hash)
    const kept = { info: blockInfoOf(block), stateRoot: block.stateRoot }
    blocks.set(kept.info.hash, kept, HEADER_BYTES)
    return kept
  }

  /** The bytes of a transaction type that this code does not know; what comes is checked with the rest of the list. */
  async function rawTransaction(block: RpcBlock, { hash, type }: L1RpcTransaction): Promise<Uint8Array> {
    const raw = await rpc.request<string | null>('eth_getRawTransactionByHash', [hash], call)
    if (raw) return hexToBytes(raw)
    throw badTransactions(block, `the type ${type} of transaction ${hash} is not known, and its bytes are not served`)
  }

  async function keepTransactions(info: L1BlockInfo, block: RpcBlock): Promise<Transactions> {
    const txs = transactionsOf(block)
    const encoded: Uint8Array[] = []
    for (const [i, bytes] of encodeTransactions(block).entries()) {
      encoded.push(bytes ?? (await rawTransaction(block, txs[i] as L1RpcTransaction)))
    }
    if (!trustRpc) {
      verifyTransactions(info, block, encoded)
      verifyWithdrawals(block)
    }
    const kept = { encoded, hashes: encoded.map(txHash) }
    transactions.set(
      info.hash,
      kept,
      encoded.reduce((sum, { length }) => sum + length + 100, 0),
    )
    return kept
  }

  const infoByHash = (hash: Hash, signal?: AbortSignal) => {
    const known = blocks.get(hash)
    if (known) return Promise.resolve(known)
    return calls.share(`header ${hash}`, signal, () =>
      asking(`block ${hash}`, async () => {
        const block = await blockOrNull('eth_getBlockByHash', [hash, false])
        return block && keepBlock(block, hash)
      }),
    )
  }

  const transactionsByHash = (hash: Hash, signal?: AbortSignal) => {
    const known = transactions.get(hash)
    if (known) return Promise.resolve(known)
    return calls.share(`transactions ${hash}`, signal, () =>
      asking(`the transactions of block ${hash}`, async () => {
        const block = await blockOrNull('eth_getBlockByHash', [hash, true])
        return block ? keepTransactions(keepBlock(block, hash).info, block) : null
      }),
    )
  }

  async function receiptsByHash(hash: Hash, signal?: AbortSignal): Promise<readonly L1Receipt[] | null> {
    const known = receipts.get(hash)
    if (known) return known
    const [block, txs] = await Promise.all([infoByHash(hash, signal), transactionsByHash(hash, signal)])
    if (!block || !txs) return null
    return calls.share(`receipts ${hash}`, signal, () =>
      asking(`the receipts of block ${hash}`, async () => {
        let fetched: Awaited<ReturnType<typeof fetchReceipts>>
        try {
          fetched = await fetchReceipts(block.info, txs.hashes, call)
        } catch (error) {
          if (!isNotFound(error)) throw error
          fetched = null
        }
        if (!fetched) return null
        receipts.set(hash, fetched.receipts, fetched.bytes)
        return fetched.receipts
      }),
    )
  }

  async function refByNumber(number: bigint, withTransactions: boolean): Promise<L1BlockRef | null> {
    const block = await blockOrNull('eth_getBlockByNumber', [quantityToHex(number), withTransactions])
    if (!block) return null
    const { info } = keepBlock(block)
    if (info.number !== number)
      throw new L1Error('badHeader', { expected: `number ${number}`, actual: `number ${info.number}` })
    if (withTransactions) await keepTransactions(info, block)
    return l1BlockRefOf(info)
  }

  const client: L1Client = {
    chainId: (options) =>
      calls.share('chain id', options?.signal, () =>
        asking('its chain id', async () => BigInt(await rpc.request<string>('eth_chainId', [], call))),
      ),

    async getBlockRefByNumber(number, options) {
      const early = await ahead.take(number)
      if (early) {
        ahead.after(number)
        return early
      }
      const ref = await calls.share(`number ${number}`, options?.signal, () =>
        asking(`block ${number}`, () => refByNumber(number, false)),
      )
      if (ref) ahead.after(number)
      return ref
    },

    async getBlockRefByLabel(label: L1Label, options) {
      const info = await calls.share(`label ${label}`, options?.signal, () =>
        asking(`the ${label} block`, async () => {
          const block = await blockOrNull('eth_getBlockByNumber', [label, false])
          return block ? keepBlock(block).info : null
        }),
      )
      if (label === 'finalized' && info) ahead.finalizedAt(info.number)
      return info && l1BlockRefOf(info)
    },

    async getBlockRefByHash(hash, options) {
      const block = await infoByHash(hash, options?.signal)
      return block && l1BlockRefOf(block.info)
    },

    async getBlockInfo(hash, options) {
      const block = await infoByHash(hash, options?.signal)
      return block?.info ?? null
    },

    async getTransactions(hash, options) {
      const txs = await transactionsByHash(hash, options?.signal)
      return txs?.encoded ?? null
    },

    getReceipts: (hash, options) => receiptsByHash(hash, options?.signal),

    async getStorageAt(address: Address, slot: Hash, at: BlockId, options?: CallOptions): Promise<Hash> {
      const signal = options?.signal
      const what = `slot ${slot} of ${address}`
      if (trustRpc) {
        return asking(what, async () =>
          storageWord(
            BigInt(
              await rpc.request<string>('eth_getStorageAt', [address, slot, quantityToHex(at.number)], { ...options }),
            ),
          ),
        )
      }
      const block = await infoByHash(at.hash, signal)
      if (!block) throw new L1Error('unavailable', { what, reason: `block ${at.hash} is not known` })
      return asking(what, async () => {
        const answer = await rpc.request<RpcProof>('eth_getProof', [address, [slot], quantityToHex(at.number)], {
          ...options,
        })
        return provenSlot(block.stateRoot, address, slot, answer)
      })
    },

    close() {
      closing.abort(new Error('the L1 client is closed'))
      ahead.clear()
    },
  }
  return client
}

/** A ref without the other header fields. */
export const l1BlockRefOf = ({ hash, number, parentHash, timestamp }: L1BlockRef): L1BlockRef => ({
  hash,
  number,
  parentHash,
  timestamp,
})
