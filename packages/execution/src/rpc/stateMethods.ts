import { accountProofToJson, bigintToBytes, bytesToHex, type Hash, ZERO_ADDRESS } from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { StateError } from '../state/stateError.ts'
import type { StateReader } from '../state/stateReader.ts'
import { createAccessList } from './accessList.ts'
import { type BlockSelector, needBlock, readBlockSelector } from './blockSelector.ts'
import { callError, evmErrorText } from './callError.ts'
import { readBlockOverrides, readCall, readStateOverrides } from './callObject.ts'
import { estimateGas } from './estimateGas.ts'
import { Params, readAddress, readSlot } from './params.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { type RunContext, runCall } from './runCall.ts'

/** Slots that one `eth_getProof` may ask for. */
const MAX_PROOF_KEYS = 1024

/** Reads of accounts, and calls, in `eth_`. */
export function stateMethods(engine: ExecutionEngine): RpcMethodTable {
  const { chain } = engine
  const readAt = <T>(selector: BlockSelector, read: (state: StateReader) => T): T => {
    try {
      return read(chain.stateOf(needBlock(engine, selector).header))
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      throw new RpcMethodError(-32000, `missing trie node: ${error.message}`)
    }
  }
  const contextOf = (values: readonly unknown[], signal: AbortSignal | undefined): RunContext => {
    const params = new Params(values, 4)
    const block = needBlock(engine, params.optional(1, readBlockSelector, 'latest'))
    const call = params.required(0, readCall)
    const stateOverrides = params.optional(2, readStateOverrides, undefined)
    const { blobBaseFee, ...fields } = params.optional(3, readBlockOverrides, undefined) ?? {}
    return {
      chain,
      block,
      header: { ...block.header, ...fields },
      blobBaseFee,
      call: stateOverrides ? { ...call, stateOverrides } : call,
      ...(signal && { signal }),
    }
  }

  return {
    eth_getBalance: (values) => {
      const params = new Params(values, 2)
      const address = params.required(0, readAddress)
      return readAt(
        params.optional(1, readBlockSelector, 'latest'),
        (state) => state.getAccount(address)?.balance ?? 0n,
      )
    },
    eth_getTransactionCount: (values) => {
      const params = new Params(values, 2)
      const address = params.required(0, readAddress)
      const selector = params.optional(1, readBlockSelector, 'latest')
      if (selector === 'pending') return engine.pool.nextNonce(address)
      return readAt(selector, (state) => state.getAccount(address)?.nonce ?? 0n)
    },
    eth_getCode: (values) => {
      const params = new Params(values, 2)
      const address = params.required(0, readAddress)
      return readAt(params.optional(1, readBlockSelector, 'latest'), (state) => {
        const account = state.getAccount(address)
        return account ? bytesToHex(state.getCode(account.codeHash)) : '0x'
      })
    },
    eth_getStorageAt: (values) => {
      const params = new Params(values, 3)
      const address = params.required(0, readAddress)
      const slot = params.required(1, readSlot)
      return readAt(params.optional(2, readBlockSelector, 'latest'), (state) =>
        bytesToHex(bigintToBytes(state.getStorage(address, slot), 32)),
      )
    },
    eth_getProof: (values) => {
      const params = new Params(values, 3)
      const address = params.required(0, readAddress)
      const slots = params.required(1, (node) => node.items().map(readSlot))
      if (slots.length > MAX_PROOF_KEYS) {
        throw new RpcMethodError(-32602, `too many keys: ${slots.length}, at most ${MAX_PROOF_KEYS}`)
      }
      const keys = slots.map((slot): Hash => bytesToHex(bigintToBytes(slot, 32)))
      return readAt(params.optional(2, readBlockSelector, 'latest'), (state) =>
        accountProofToJson(state.proveAccount(address, keys)),
      )
    },
    eth_call: async (values, context) => {
      const outcome = await runCall(contextOf(values, context?.signal))
      if (outcome.status === 0) throw callError(outcome)
      return bytesToHex(outcome.returnValue)
    },
    eth_estimateGas: (values, context) => estimateGas(contextOf(values, context?.signal)),
    eth_createAccessList: async (values, context) => {
      const run = contextOf(values, context?.signal)
      const { accessList, outcome } = await createAccessList({ ...run, call: { from: ZERO_ADDRESS, ...run.call } })
      return {
        accessList,
        gasUsed: outcome.gasUsed,
        ...(outcome.evmError !== null && { error: evmErrorText(outcome.evmError) }),
      }
    },
  }
}
