import { bytesToHex, encodeBlock, type JsonNode, txHash } from '@keelson/protocol'
import { invalidParams, RpcMethodError } from '@keelson/service'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { ExecutionError } from '../transition/executionError.ts'
import { type SimulatedBlockOutcome, simulateBlocks } from '../transition/simulateBlocks.ts'
import type { CallOutcome, RejectionCode } from '../transition/types.ts'
import { headerJson } from './blockJson.ts'
import { needBlock, readBlockSelector } from './blockSelector.ts'
import { callError } from './callError.ts'
import { Params } from './params.ts'
import { logJson } from './receiptJson.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { CALL_TIMEOUT_MS, RPC_GAS_CAP } from './runCall.ts'
import { readSimulation, withoutGaps } from './simulationRequest.ts'
import { simulatedTransactionJson } from './transactionJson.ts'

const VM_ERROR = -32015
const TIMED_OUT = -32016

/** geth's codes for calls that cannot start. */
const REJECTED: Partial<Record<RejectionCode, number>> = {
  nonceTooLow: -38010,
  nonceTooHigh: -38011,
  intrinsicGas: -38013,
  insufficientFunds: -38014,
  blockGasExceeded: -38015,
  initCodeTooLarge: -38025,
  tipAboveFee: -32602,
  feeTooLow: -32602,
}

function errorJson(outcome: CallOutcome): Record<string, unknown> {
  const { code, message, data } = callError(outcome)
  return { code: code === 3 ? code : VM_ERROR, message, ...(data !== undefined && { data }) }
}

function simulatedBlockJson({ header, hash, transactions }: SimulatedBlockOutcome, full: boolean) {
  let logIndex = 0
  return {
    ...headerJson(hash, header),
    size: BigInt(encodeBlock({ header, transactions: transactions.map(({ bytes }) => bytes) }).length),
    uncles: [],
    ...(header.withdrawalsRoot !== undefined && { withdrawals: [] }),
    transactions: transactions.map((tx, index) =>
      full ? simulatedTransactionJson(tx, { blockHash: hash, header, index }) : txHash(tx.bytes),
    ),
    calls: transactions.map(({ bytes, outcome, logs }, transactionIndex) => ({
      // What a revert returned is in its error.
      returnData: outcome.status === 1 ? bytesToHex(outcome.returnValue) : '0x',
      gasUsed: outcome.gasUsed,
      status: BigInt(outcome.status),
      logs: logs.map((log) =>
        logJson(log, {
          blockHash: hash,
          header,
          transactionHash: txHash(bytes),
          transactionIndex,
          logIndex: logIndex++,
        }),
      ),
      ...(outcome.status === 0 && { error: errorJson(outcome) }),
    })),
  }
}

/** `eth_simulateV1`: calls in blocks that are made up on top of a real one. */
export function simulateMethods(engine: ExecutionEngine): RpcMethodTable {
  const { chain } = engine
  return {
    eth_simulateV1: async (values, context) => {
      const params = new Params(values, 2)
      const { blocks, full, ...options } = params.required(0, (node: JsonNode) => readSimulation(node))
      const parent = needBlock(engine, params.optional(1, readBlockSelector, 'latest'))
      const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS)
      try {
        const outcomes = await simulateBlocks({
          spec: chain.spec,
          parent: parent.header,
          parentHash: parent.hash,
          reader: chain.stateOf(parent.header),
          blocks: withoutGaps(blocks, parent.header),
          ...options,
          gasCap: RPC_GAS_CAP,
          getBlockHash: chain.ancestorsOf(parent.hash),
          signal: context?.signal ? AbortSignal.any([context.signal, timeout]) : timeout,
        })
        return outcomes.map((outcome) => simulatedBlockJson(outcome, full))
      } catch (error) {
        return refused(error)
      }
    },
  }
}

function refused(error: unknown): never {
  if (!(error instanceof ExecutionError)) throw error
  const { code, data } = error.fault
  if (code === 'aborted') throw new RpcMethodError(TIMED_OUT, 'execution aborted (timeout = 5s)')
  if (code !== 'callRejected') throw error
  if (data.code === 'badOverride') throw invalidParams(data.reason)
  throw new RpcMethodError(REJECTED[data.code] ?? -32603, data.reason)
}
