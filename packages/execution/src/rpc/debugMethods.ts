import { bytesToHex, encodeBlock, encodeHeader, type JsonNode } from '@keelson/protocol'
import { invalidParams, RpcMethodError } from '@keelson/service'
import { createBreather } from '../chain/breather.ts'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { encodeReceipt } from '../transition/receipts.ts'
import { needBlock, readBlockSelector } from './blockSelector.ts'
import { rawTransaction } from './chainMethods.ts'
import { Params, readAddress, readBytes, readHash } from './params.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { stateBefore } from './stateBefore.ts'
import { storageRange } from './stateRange.ts'
import { traceMethods } from './traceMethods.ts'

/** Words in one answer of `debug_storageRangeAt`. */
const MAX_RANGE = 10_000
/** What geth puts before the hash in the database keys of code. */
const CODE_PREFIX = 0x63

const readIndex = (node: JsonNode): number => Number(node.uint64())

/** Raw encodings, looks into the state, and traces in `debug_`. */
export function debugMethods(engine: ExecutionEngine): RpcMethodTable {
  const { chain } = engine
  const block = (values: readonly unknown[]) => needBlock(engine, new Params(values, 1).required(0, readBlockSelector))
  return {
    debug_getRawHeader: (values) => bytesToHex(encodeHeader(block(values).header)),
    debug_getRawBlock: (values) => bytesToHex(encodeBlock(block(values))),
    debug_getRawReceipts: (values) =>
      (chain.store.receipts(block(values).hash) ?? []).map((receipt) => bytesToHex(encodeReceipt(receipt))),
    debug_getRawTransaction: (values) => rawTransaction(engine, new Params(values, 1).required(0, readHash)),
    /** Trie nodes and code by their hashes, as the hosts of fault proof programs ask for them. */
    debug_dbGet: (values) => {
      const key = new Params(values, 1).required(0, readBytes)
      const found =
        key.length === 33 && key[0] === CODE_PREFIX
          ? chain.store.nodes.getCode(key.subarray(1))
          : key.length === 32
            ? (chain.store.nodes.getNode(key) ?? chain.store.nodes.getCode(key))
            : undefined
      if (!found) throw new RpcMethodError(-32000, 'not found')
      return bytesToHex(found)
    },
    debug_storageRangeAt: async (values) => {
      const params = new Params(values, 5)
      const found = needBlock(engine, params.required(0, readBlockSelector))
      const index = params.required(1, readIndex)
      const address = params.required(2, readAddress)
      const start = params.required(3, readBytes)
      const max = params.required(4, readIndex)
      if (found.header.number === 0n) throw new RpcMethodError(-32000, 'no transaction in genesis')
      if (index >= found.transactions.length) {
        throw new RpcMethodError(-32000, `transaction index ${index} out of range for block ${found.hash}`)
      }
      if (max > MAX_RANGE) throw invalidParams(`more than ${MAX_RANGE} results`)
      return storageRange(await stateBefore(chain, found, index), address, start, max)
    },
    /** State roots after each transaction, by which two engines find where they part. */
    debug_intermediateRoots: async (values) => {
      const found = needBlock(engine, { hash: new Params(values, 2).required(0, readHash), requireCanonical: false })
      if (found.header.number === 0n) throw new RpcMethodError(-32000, 'genesis is not traceable')
      const executor = await chain.replay(found, { upTo: 0 })
      const breathe = createBreather(() => performance.now())
      const roots: string[] = []
      for (const tx of found.transactions) {
        await executor.applyForced(tx)
        roots.push((await executor.seal()).commit.root)
        await breathe()
      }
      return roots
    },
    ...traceMethods(engine),
  }
}
