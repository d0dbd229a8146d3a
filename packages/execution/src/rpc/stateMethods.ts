import {
  accountProofToJson,
  bigintToBytes,
  bytesToHex,
  type Hash,
  type Hex,
  type JsonNode,
  quantityToHex,
  ZERO_ADDRESS,
} from '@keelson/protocol'
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
import { RPC_GAS_CAP, type RunContext, runCall } from './runCall.ts'

/** A slot to prove, and how the answer names it: in full when it was asked for in full, else without leading zeros. */
const readProofKey = (node: JsonNode): { readonly word: Hash; readonly shown: Hex } => {
  const slot = readSlot(node)
  const word: Hash = bytesToHex(bigintToBytes(slot, 32))
  return { word, shown: node.string().length === word.length ? word : quantityToHex(slot) }
}

/** Says of a call that could not start how much gas it had. */
function notStarted(error: unknown, { call }: RunContext): never {
  if (!(error instanceof RpcMethodError) || error.message.startsWith('execution aborted')) throw error
  const gas = call.gas !== undefined && call.gas < RPC_GAS_CAP ? call.gas : RPC_GAS_CAP
  throw new RpcMethodError(error.code, `err: ${error.message} (supplied gas ${gas})`)
}

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
    if (call.chainId !== undefined && call.chainId !== chain.spec.chainId) {
      const reason = `chainId does not match node's (have=${call.chainId}, want=${chain.spec.chainId})`
      throw new RpcMethodError(-32000, reason)
    }
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
      const keys = params.required(1, (node) => node.items().map(readProofKey))
      if (keys.length > MAX_PROOF_KEYS) {
        throw new RpcMethodError(-32602, `too many keys: ${keys.length}, at most ${MAX_PROOF_KEYS}`)
      }
      return readAt(params.optional(2, readBlockSelector, 'latest'), (state) => {
        const proof = state.proveAccount(
          address,
          keys.map(({ word }) => word),
        )
        const storageProof = proof.storageProof.map((item, i) => ({ ...item, key: keys[i]?.shown ?? item.key }))
        return accountProofToJson({ ...proof, storageProof })
      })
    },
    eth_call: async (values, context) => {
      const run = contextOf(values, context?.signal)
      const outcome = await runCall(run).catch((error) => notStarted(error, run))
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
