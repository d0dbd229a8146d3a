import { type CallOptions, type Hash, hexToBytes, type L1BlockInfo, type L1Receipt } from '@keelson/protocol'
import { type Clock, isUnknownMethod, type Logger, type RpcClient } from '@keelson/service'
import { L1Error } from './errors.ts'
import type { RpcKind } from './l1Api.ts'
import { decodeBlockReceipt, encodeRpcReceipt, receiptOf, verifyReceipts } from './receipt.ts'
import type { RpcReceipt } from './rpcTypes.ts'

type Method = 'alchemy' | 'rawReceipts' | 'erigon' | 'blockReceipts' | 'parity' | 'perTransaction'

const BLOCK_METHODS: { readonly [M in Method]?: string } = {
  alchemy: 'alchemy_getTransactionReceipts',
  rawReceipts: 'debug_getRawReceipts',
  erigon: 'erigon_getBlockReceiptsByBlockHash',
  blockReceipts: 'eth_getBlockReceipts',
  parity: 'parity_getBlockReceipts',
}

/** What each kind of provider serves, best first; asking transaction by transaction works everywhere and comes last. */
function methodsOf(kind: RpcKind, txCount: number): Method[] {
  switch (kind) {
    case 'alchemy':
      // By what the provider charges: one call for a block costs as much as 16 or 33 single ones.
      return [
        ...(txCount > 16 ? (['alchemy'] as const) : []),
        ...(txCount > 33 ? (['blockReceipts'] as const) : []),
        'perTransaction',
      ]
    case 'quicknode':
      return ['rawReceipts', ...(txCount > 29 ? (['blockReceipts'] as const) : []), 'perTransaction']
    case 'infura':
    case 'standard':
      return ['blockReceipts', 'perTransaction']
    case 'parity':
    case 'nethermind':
      return ['parity', 'perTransaction']
    case 'debug_geth':
      return ['rawReceipts', 'perTransaction']
    case 'erigon':
      return ['erigon', 'perTransaction']
    case 'basic':
      return ['perTransaction']
    case 'any':
      return ['alchemy', 'rawReceipts', 'erigon', 'blockReceipts', 'parity', 'perTransaction']
  }
}

/** How long a method that the server does not know is left alone. */
const RETRY_METHODS_MS = 60_000

/** Receipts of a block, fetched by the best way the provider has, always checked against the header's root. */
export function createReceiptsFetcher(parts: {
  readonly rpc: RpcClient
  readonly kind: RpcKind
  readonly clock: Clock
  readonly log: Logger
}) {
  const { rpc, kind, clock, log } = parts
  const unavailable = new Set<Method>()
  let forgetAtMs = 0

  async function ask(
    method: Method,
    hash: Hash,
    txHashes: readonly Hash[],
    call: CallOptions,
  ): Promise<L1ReceiptsAnswer | null> {
    if (method === 'perTransaction') {
      const answers = await rpc.batch(
        txHashes.map((tx) => ({ method: 'eth_getTransactionReceipt', params: [tx] })),
        call,
      )
      const receipts = answers.map((answer) => {
        if (!answer.ok) throw answer.error
        return answer.result as RpcReceipt | null
      })
      return receipts.includes(null) ? null : fromRpc(receipts as RpcReceipt[])
    }
    const name = BLOCK_METHODS[method] as string
    const answer = await rpc.request<unknown>(name, [method === 'alchemy' ? { blockHash: hash } : hash], call)
    const list = method === 'alchemy' ? ((answer as { receipts?: unknown } | null)?.receipts ?? null) : answer
    if (list === null) return null
    if (!Array.isArray(list))
      throw new L1Error('badBlock', { hash, list: 'receipts', reason: `${name} did not answer a list` })
    if (method !== 'rawReceipts') return fromRpc(list as RpcReceipt[])
    const encoded = (list as string[]).map((item) => hexToBytes(item))
    return { encoded, decode: () => encoded.map(decodeBlockReceipt) }
  }

  /** @returns the receipts in order, or `null` when the server does not have (all of) them */
  return async function fetchReceipts(
    block: L1BlockInfo,
    txHashes: readonly Hash[],
    call: CallOptions = {},
  ): Promise<{ receipts: readonly L1Receipt[]; bytes: number } | null> {
    if (txHashes.length === 0) {
      verifyReceipts(block, [])
      return { receipts: [], bytes: 0 }
    }
    if (clock.now() >= forgetAtMs) unavailable.clear()
    const methods = methodsOf(kind, txHashes.length).filter((method) => !unavailable.has(method))
    for (const method of methods) {
      try {
        const answer = await ask(method, block.hash, txHashes, call)
        if (answer === null) return null
        verifyReceipts(block, answer.encoded)
        return { receipts: answer.decode(), bytes: answer.encoded.reduce((sum, { length }) => sum + 2 * length, 0) }
      } catch (error) {
        if (!isUnknownMethod(error)) throw error
        log.debug('L1 does not serve a receipts method', { method, err: error })
        if (unavailable.size === 0) forgetAtMs = clock.now() + RETRY_METHODS_MS
        unavailable.add(method)
      }
    }
    throw new L1Error('unavailable', {
      what: `the receipts of block ${block.hash}`,
      reason: `no method of kind ${kind} is served`,
    })
  }
}

type L1ReceiptsAnswer = { readonly encoded: Uint8Array[]; readonly decode: () => L1Receipt[] }

function fromRpc(list: readonly RpcReceipt[]): L1ReceiptsAnswer {
  return { encoded: list.map(encodeRpcReceipt), decode: () => list.map(receiptOf) }
}
