import { bytesToHex, encodeBlock, encodeHeader } from '@keelson/protocol'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { encodeReceipt } from '../transition/receipts.ts'
import { needBlock, readBlockSelector } from './blockSelector.ts'
import { rawTransaction } from './chainMethods.ts'
import { Params, readHash } from './params.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { traceMethods } from './traceMethods.ts'

/** Raw encodings and traces in `debug_`. */
export function debugMethods(engine: ExecutionEngine): RpcMethodTable {
  const block = (values: readonly unknown[]) => needBlock(engine, new Params(values, 1).required(0, readBlockSelector))
  return {
    debug_getRawHeader: (values) => bytesToHex(encodeHeader(block(values).header)),
    debug_getRawBlock: (values) => bytesToHex(encodeBlock(block(values))),
    debug_getRawReceipts: (values) =>
      (engine.chain.store.receipts(block(values).hash) ?? []).map((receipt) => bytesToHex(encodeReceipt(receipt))),
    debug_getRawTransaction: (values) => rawTransaction(engine, new Params(values, 1).required(0, readHash)),
    ...traceMethods(engine),
  }
}
