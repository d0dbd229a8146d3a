import { bytesToHex, type Hash, type JsonNode, keccak256 } from '@keelson/protocol'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { decodeTransaction } from '../transition/transaction.ts'
import { blockJson, headerJson } from './blockJson.ts'
import { type BlockSelector, needBlock, readBlockNumber, readBlockSelector, selectBlock } from './blockSelector.ts'
import { Params, readAddress, readBoolean, readBytes, readHash, readQuantity } from './params.ts'
import { receiptsJson } from './receiptJson.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { findBySenderAndNonce } from './senderTransaction.ts'
import { transactionJson } from './transactionJson.ts'

/** Reads of blocks, transactions and receipts in `eth_`, and the small namespaces around them. */
export function chainMethods(engine: ExecutionEngine, clientVersion: string): RpcMethodTable {
  const { chain } = engine
  const { store } = chain
  const byHash = (node: JsonNode): BlockSelector => ({ hash: node.hash(), requireCanonical: false })

  const block = (values: readonly unknown[], read: (node: JsonNode) => BlockSelector) => {
    const params = new Params(values, 2)
    const found = selectBlock(engine, params.required(0, read))
    const full = params.optional(1, readBoolean, false)
    return found && blockJson(found, { full, receipts: full ? (store.receipts(found.hash) ?? []) : [] })
  }
  const header = (values: readonly unknown[], read: (node: JsonNode) => BlockSelector) => {
    const found = selectBlock(engine, new Params(values, 1).required(0, read))
    return found && headerJson(found.hash, found.header)
  }
  const txCount = (values: readonly unknown[], read: (node: JsonNode) => BlockSelector) => {
    const found = selectBlock(engine, new Params(values, 1).required(0, read))
    return found && BigInt(found.transactions.length)
  }
  const noUncles = (values: readonly unknown[], read: (node: JsonNode) => BlockSelector) =>
    selectBlock(engine, new Params(values, 1).required(0, read)) && 0n

  const minedTransaction = (found: StoredBlock | null, index: number) => {
    const bytes = found?.transactions[index]
    if (!found || !bytes) return null
    const receipt = store.receipts(found.hash)?.[index]
    return transactionJson(decodeTransaction(bytes), {
      blockHash: found.hash,
      header: found.header,
      index,
      ...(receipt && { receipt }),
    })
  }
  const transactionAt = (values: readonly unknown[], read: (node: JsonNode) => BlockSelector) => {
    const params = new Params(values, 2)
    return minedTransaction(selectBlock(engine, params.required(0, read)), Number(params.required(1, readQuantity)))
  }
  const rawAt = (values: readonly unknown[], read: (node: JsonNode) => BlockSelector) => {
    const params = new Params(values, 2)
    const bytes = selectBlock(engine, params.required(0, read))?.transactions[Number(params.required(1, readQuantity))]
    return bytes ? bytesToHex(bytes) : null
  }
  const locate = (hash: Hash) => {
    const place = store.findTransaction(hash)
    const found = place && store.block(place.blockHash)
    return found && { found, index: place.index }
  }

  return {
    eth_chainId: () => chain.spec.chainId,
    eth_blockNumber: () => chain.head.header.number,
    eth_syncing: () => false,
    eth_accounts: () => [],
    eth_mining: () => false,
    eth_hashrate: () => 0n,
    eth_protocolVersion: () => '0x44',
    eth_getBlockByNumber: (values) => block(values, readBlockNumber),
    eth_getBlockByHash: (values) => block(values, byHash),
    eth_getHeaderByNumber: (values) => header(values, readBlockNumber),
    eth_getHeaderByHash: (values) => header(values, byHash),
    eth_getBlockTransactionCountByNumber: (values) => txCount(values, readBlockNumber),
    eth_getBlockTransactionCountByHash: (values) => txCount(values, byHash),
    eth_getUncleCountByBlockNumber: (values) => noUncles(values, readBlockNumber),
    eth_getUncleCountByBlockHash: (values) => noUncles(values, byHash),
    eth_getUncleByBlockNumberAndIndex: () => null,
    eth_getUncleByBlockHashAndIndex: () => null,
    eth_getTransactionByHash: (values) => {
      const hash = new Params(values, 1).required(0, readHash)
      const place = locate(hash)
      if (place) return minedTransaction(place.found, place.index)
      const waiting = engine.pool.get(hash)
      return waiting && transactionJson(waiting, null)
    },
    eth_getTransactionBySenderAndNonce: (values) => {
      const params = new Params(values, 2)
      const sender = params.required(0, readAddress)
      const nonce = params.required(1, readQuantity)
      const { pending, queued } = engine.pool.contentOf(sender)
      const waiting = [...pending, ...queued].find(({ tx }) => tx.nonce === nonce)
      if (waiting) return transactionJson(waiting.tx, null)
      const place = findBySenderAndNonce(chain, sender, nonce)
      return place && minedTransaction(place.block, place.index)
    },
    eth_getTransactionByBlockNumberAndIndex: (values) => transactionAt(values, readBlockNumber),
    eth_getTransactionByBlockHashAndIndex: (values) => transactionAt(values, byHash),
    eth_getRawTransactionByHash: (values) => rawTransaction(engine, new Params(values, 1).required(0, readHash)),
    eth_getRawTransactionByBlockNumberAndIndex: (values) => rawAt(values, readBlockNumber),
    eth_getRawTransactionByBlockHashAndIndex: (values) => rawAt(values, byHash),
    eth_getTransactionReceipt: (values) => {
      const place = locate(new Params(values, 1).required(0, readHash))
      return place ? (receiptsJson(chain, place.found, place.index)[0] ?? null) : null
    },
    eth_getBlockReceipts: (values) => {
      const found = selectBlock(engine, new Params(values, 1).required(0, readBlockSelector))
      return found && receiptsJson(chain, found)
    },

    net_version: () => chain.spec.chainId.toString(),
    net_listening: () => true,
    net_peerCount: () => 0n,
    web3_clientVersion: () => clientVersion,
    web3_sha3: (values) => bytesToHex(keccak256(new Params(values, 1).required(0, readBytes))),
    admin_nodeInfo: () => ({
      name: clientVersion,
      protocols: {
        eth: {
          network: chain.spec.chainId.toString(),
          genesis: chain.genesisHash,
          head: needBlock(engine, 'latest').hash,
        },
      },
    }),
    admin_peers: () => [],
  }
}

/** The encoding of a transaction of the chain or the pool, or `null`. */
export function rawTransaction(engine: ExecutionEngine, hash: Hash): string {
  const { store } = engine.chain
  const place = store.findTransaction(hash)
  const bytes = place ? store.block(place.blockHash)?.transactions[place.index] : engine.pool.get(hash)?.bytes
  return bytes ? bytesToHex(bytes) : '0x'
}
