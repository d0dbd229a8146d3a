import {
  type AccountProof,
  type Address,
  type BlockId,
  type CallOptions,
  CodecError,
  CodedError,
  encodeRlp,
  type Hash,
  hexToBytes,
  type L1BlockInfo,
  type L1BlockRef,
  type L1Receipt,
  orderedTrieRoot,
  quantityToHex,
  txHash,
  verifyAccountProof,
} from '@keelson/protocol'
import {
  type Clock,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  type RpcClient,
  RpcError,
  systemClock,
} from '@keelson/service'
import { ByteCache } from './byteCache.ts'
import { L1Error } from './errors.ts'
import { blockInfoOf, verifyRpcHeader } from './header.ts'
import type { L1Client, L1Label, RpcKind } from './l1Api.ts'
import { limitedRpc, type RpcLimits } from './limitedRpc.ts'
import { createL1Metrics } from './metrics.ts'
import { createReceiptsFetcher } from './receiptsFetcher.ts'
import type { RpcBlock, RpcTransaction } from './rpcTypes.ts'
import { encodeRpcTransaction, withSidecar } from './transaction.ts'

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

  const underWay = new Map<string, Promise<unknown>>()
  /** By number, finalized only: what was fetched ahead. */
  const ahead = new Map<bigint, Promise<L1BlockRef | null>>()
  let finalizedNumber = -1n
  const closing = new AbortController()

  /** Lets calls for the same thing share one request. A caller's signal ends its waiting, not the request. */
  async function shared<T>(key: string, signal: AbortSignal | undefined, fetch: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    let promise = underWay.get(key) as Promise<T> | undefined
    if (!promise) {
      promise = fetch().finally(() => underWay.delete(key))
      underWay.set(key, promise)
    }
    if (!signal) return promise
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    })
  }

  /** Turns every failure into one of our errors, so that derivation knows to try again. */
  async function asking<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (closing.signal.aborted) throw closing.signal.reason
      if (error instanceof L1Error) throw error
      if (error instanceof CodecError || !(error instanceof CodedError)) {
        const reason = error instanceof Error ? error.message : String(error)
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

  function keepBlock(block: RpcBlock, expected?: Hash): L1BlockInfo {
    const known = blocks.get(block.hash)
    if (known && (expected === undefined || known.info.hash === expected)) return known.info
    if (!trustRpc) verifyRpcHeader(block, expected ?? block.hash)
    const info = blockInfoOf(block)
    blocks.set(info.hash, { info, stateRoot: block.stateRoot }, HEADER_BYTES)
    return info
  }

  /** The bytes of a transaction type that this code does not know; what comes is checked with the rest of the list. */
  async function rawTransaction(tx: RpcTransaction): Promise<Uint8Array> {
    const raw = await rpc.request<string | null>('eth_getRawTransactionByHash', [tx.hash], call)
    if (!raw)
      throw new Error(`the type ${tx.type} of transaction ${tx.hash} is not known, and its bytes are not served`)
    return hexToBytes(raw)
  }

  async function keepTransactions(info: L1BlockInfo, block: RpcBlock): Promise<Transactions> {
    const bad = (reason: string, cause?: unknown) =>
      new L1Error('badBlock', { hash: info.hash, list: 'transactions', reason }, { cause })
    if (!Array.isArray(block.transactions)) throw bad('there is no list')
    const encoded: Uint8Array[] = []
    for (const [i, tx] of block.transactions.entries()) {
      if (typeof tx !== 'object' || tx === null) throw bad(`transaction ${i} is missing`)
      try {
        encoded.push(encodeRpcTransaction(tx) ?? (await rawTransaction(tx)))
      } catch (cause) {
        throw bad(`transaction ${i} cannot be encoded`, cause)
      }
    }
    if (!trustRpc) {
      const root = orderedTrieRoot(encoded)
      const isRoot = root === info.transactionsRoot || rootWithSidecars(block, encoded) === info.transactionsRoot
      if (!isRoot) throw bad(`their root is ${root}, the header has ${info.transactionsRoot}`)
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
    return shared(`header ${hash}`, signal, () =>
      asking(`block ${hash}`, async () => {
        const block = await blockOrNull('eth_getBlockByHash', [hash, false])
        if (!block) return null
        keepBlock(block, hash)
        return { info: blockInfoOf(block), stateRoot: block.stateRoot }
      }),
    )
  }

  const transactionsByHash = (hash: Hash, signal?: AbortSignal) => {
    const known = transactions.get(hash)
    if (known) return Promise.resolve(known)
    return shared(`transactions ${hash}`, signal, () =>
      asking(`the transactions of block ${hash}`, async () => {
        const block = await blockOrNull('eth_getBlockByHash', [hash, true])
        return block ? keepTransactions(keepBlock(block, hash), block) : null
      }),
    )
  }

  async function receiptsByHash(hash: Hash, signal?: AbortSignal): Promise<readonly L1Receipt[] | null> {
    const known = receipts.get(hash)
    if (known) return known
    const [block, txs] = await Promise.all([infoByHash(hash, signal), transactionsByHash(hash, signal)])
    if (!block || !txs) return null
    return shared(`receipts ${hash}`, signal, () =>
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
    const info = keepBlock(block)
    if (info.number !== number)
      throw new L1Error('badHeader', { expected: `number ${number}`, actual: `number ${info.number}` })
    if (withTransactions) await keepTransactions(info, block)
    return l1BlockRefOf(info)
  }

  /** Fetches finalized blocks after `number` with all that derivation will ask of them. */
  function prefetch(number: bigint): void {
    for (const old of ahead.keys()) if (old < number || old > number + 4n * BigInt(prefetchBlocks)) ahead.delete(old)
    for (let next = number + 1n; next <= number + BigInt(prefetchBlocks) && next <= finalizedNumber; next++) {
      if (ahead.has(next)) continue
      const promise = asking(`block ${next}`, async () => {
        const ref = await refByNumber(next, true)
        if (ref) await receiptsByHash(ref.hash)
        return ref
      })
      ahead.set(next, promise)
      // A failure ahead of time is nobody's: the block is asked for again when it is needed.
      promise.catch(() => ahead.delete(next))
    }
  }

  const client: L1Client = {
    chainId: (options) =>
      shared('chain id', options?.signal, () =>
        asking('its chain id', async () => BigInt(await rpc.request<string>('eth_chainId', [], call))),
      ),

    async getBlockRefByNumber(number, options) {
      const early = ahead.get(number)
      if (early) {
        const ref = await early.catch(() => null)
        ahead.delete(number)
        prefetch(number)
        if (ref) return ref
      }
      const ref = await shared(`number ${number}`, options?.signal, () =>
        asking(`block ${number}`, () => refByNumber(number, false)),
      )
      if (ref) prefetch(number)
      return ref
    },

    async getBlockRefByLabel(label: L1Label, options) {
      const info = await shared(`label ${label}`, options?.signal, () =>
        asking(`the ${label} block`, async () => {
          const block = await blockOrNull('eth_getBlockByNumber', [label, false])
          return block ? keepBlock(block) : null
        }),
      )
      if (label === 'finalized' && info && info.number > finalizedNumber) finalizedNumber = info.number
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
          word(
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
        const value = BigInt(answer.storageProof[0]?.value ?? 0)
        const proof = proofOf(address, slot, value, answer)
        try {
          verifyAccountProof(block.stateRoot, proof)
        } catch (cause) {
          const reason = cause instanceof Error ? cause.message : String(cause)
          throw new L1Error('badProof', { address, reason }, { cause })
        }
        return word(value)
      })
    },

    close() {
      closing.abort(new Error('the L1 client is closed'))
      ahead.clear()
    },
  }
  return client
}

type RpcProof = {
  balance: string
  nonce: string
  codeHash: Hash
  storageHash: Hash
  accountProof: `0x${string}`[]
  storageProof: { value: string; proof: `0x${string}`[] }[]
}

const proofOf = (address: Address, slot: Hash, value: bigint, answer: RpcProof): AccountProof => ({
  address,
  balance: BigInt(answer.balance),
  nonce: BigInt(answer.nonce),
  codeHash: answer.codeHash,
  storageHash: answer.storageHash,
  accountProof: answer.accountProof,
  storageProof: [{ key: slot, value, proof: answer.storageProof[0]?.proof ?? [] }],
})

const word = (value: bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`

/** A ref without the other header fields. */
export const l1BlockRefOf = ({ hash, number, parentHash, timestamp }: L1BlockRef): L1BlockRef => ({
  hash,
  number,
  parentHash,
  timestamp,
})

/** The root over the form with sidecars, to which anvil's headers commit; `null` when no transaction shows a sidecar. */
function rootWithSidecars(block: RpcBlock, encoded: readonly Uint8Array[]): Hash | null {
  const txs = (block.transactions ?? []) as readonly RpcTransaction[]
  if (!txs.some(({ blobs }) => blobs)) return null
  return orderedTrieRoot(encoded.map((bytes, i) => withSidecar(txs[i] as RpcTransaction, bytes)))
}

function verifyWithdrawals(block: RpcBlock): void {
  if (!block.withdrawalsRoot) return
  const encoded = (block.withdrawals ?? []).map((w) =>
    encodeRlp([BigInt(w.index), BigInt(w.validatorIndex), hexToBytes(w.address), BigInt(w.amount)]),
  )
  const root = orderedTrieRoot(encoded)
  if (root === block.withdrawalsRoot) return
  const reason = `their root is ${root}, the header has ${block.withdrawalsRoot}`
  throw new L1Error('badBlock', { hash: block.hash, list: 'withdrawals', reason })
}
