import { bytesToHex, encodeBlock, type JsonNode, txHash } from '@keelson/protocol'
import { invalidParams, RpcMethodError } from '@keelson/service'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { ExecutionError } from '../transition/executionError.ts'
import { type SimulatedBlock, type SimulatedBlockOutcome, simulateBlocks } from '../transition/simulateBlocks.ts'
import type { CallOutcome, SimulatedCall } from '../transition/types.ts'
import { headerJson } from './blockJson.ts'
import { needBlock, readBlockSelector } from './blockSelector.ts'
import { callError } from './callError.ts'
import { callGasPrice, readBlockOverrides, readCall, readStateOverrides } from './callObject.ts'
import { Params } from './params.ts'
import { logJson } from './receiptJson.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { CALL_TIMEOUT_MS, RPC_GAS_CAP } from './runCall.ts'

const MAX_BLOCKS = 256
const MAX_CALLS = 5_000

/** Codes that the execution API gives to calls that cannot start, and to blocks out of order. */
const CODE = {
  intrinsicGas: -38013,
  insufficientFunds: -38014,
  blockNumber: -38020,
  timestamp: -38021,
  vmError: -32015,
}

type Simulation = { readonly blocks: readonly SimulatedBlock[]; readonly validation: boolean; readonly full: boolean }

const isOn = (node: JsonNode, key: string): boolean => node.get(key).exists && node.get(key).boolean()

function readSimulation(node: JsonNode): Simulation {
  if (isOn(node, 'traceTransfers')) throw invalidParams('traceTransfers is not supported')
  const list = node.get('blockStateCalls').items()
  if (list.length === 0) throw invalidParams('empty input')
  if (list.length > MAX_BLOCKS)
    throw new RpcMethodError(-38026, `too many blocks: ${list.length}, at most ${MAX_BLOCKS}`)
  const blocks = list.map((item): SimulatedBlock => {
    const calls = item.get('calls')
    const overrides = item.optional('blockOverrides', 'overrides', readBlockOverrides)
    const baseFee = overrides.overrides?.baseFeePerGas ?? 0n
    return {
      ...overrides,
      ...item.optional('stateOverrides', 'stateOverrides', readStateOverrides),
      calls: calls.exists ? calls.items().map((call) => simulatedCall(call, baseFee)) : [],
    }
  })
  if (blocks.reduce((sum, { calls }) => sum + calls.length, 0) > MAX_CALLS) {
    throw invalidParams(`too many calls, at most ${MAX_CALLS}`)
  }
  return { blocks, validation: isOn(node, 'validation'), full: isOn(node, 'returnFullTransactions') }
}

function simulatedCall(node: JsonNode, baseFee: bigint): SimulatedCall {
  const { maxFeePerGas: _, maxPriorityFeePerGas: __, nonce: ___, ...call } = readCall(node)
  return { ...call, gasPrice: callGasPrice(readCall(node), baseFee) }
}

/** Blocks must go up in number and time from the one they stand on. */
function checkOrder(blocks: readonly SimulatedBlock[], parent: StoredBlock): void {
  let { number, timestamp } = parent.header
  for (const { overrides } of blocks) {
    const nextNumber = overrides?.number ?? number + 1n
    const nextTimestamp = overrides?.timestamp ?? timestamp + 2n
    if (nextNumber <= number) {
      throw new RpcMethodError(CODE.blockNumber, `block numbers must be in order: ${nextNumber} <= ${number}`)
    }
    if (nextTimestamp <= timestamp) {
      throw new RpcMethodError(CODE.timestamp, `block timestamps must be in order: ${nextTimestamp} <= ${timestamp}`)
    }
    number = nextNumber
    timestamp = nextTimestamp
  }
}

function errorJson(outcome: CallOutcome): Record<string, unknown> {
  const { code, message, data } = callError(outcome)
  return { code: code === 3 ? code : CODE.vmError, message, ...(data !== undefined && { data }) }
}

function simulatedBlockJson(
  { header, hash, transactions, calls }: SimulatedBlockOutcome,
  block: SimulatedBlock,
  full: boolean,
) {
  let logIndex = 0
  return {
    ...headerJson(hash, header),
    size: BigInt(encodeBlock({ header, transactions }).length),
    uncles: [],
    ...(header.withdrawalsRoot !== undefined && { withdrawals: [] }),
    transactions: transactions.map((bytes, index) => {
      if (!full) return txHash(bytes)
      const { from, to = null, value = 0n, data = new Uint8Array(), gas } = block.calls[index] ?? {}
      const place = { blockHash: hash, blockNumber: header.number, transactionIndex: BigInt(index) }
      return { ...place, hash: txHash(bytes), type: 2n, from, to, value, gas, input: bytesToHex(data) }
    }),
    calls: calls.map((outcome, transactionIndex) => ({
      returnData: bytesToHex(outcome.returnValue),
      gasUsed: outcome.gasUsed,
      status: BigInt(outcome.status),
      logs: outcome.logs.map((log) =>
        logJson(log, {
          blockHash: hash,
          header,
          transactionHash: txHash(transactions[transactionIndex] as Uint8Array),
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
      const { blocks, validation, full } = params.required(0, readSimulation)
      const parent = needBlock(engine, params.optional(1, readBlockSelector, 'latest'))
      checkOrder(blocks, parent)
      const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS)
      try {
        const outcomes = await simulateBlocks({
          spec: chain.spec,
          parent: parent.header,
          parentHash: parent.hash,
          reader: chain.stateOf(parent.header),
          blocks,
          validation,
          gasCap: RPC_GAS_CAP,
          getBlockHash: chain.ancestorsOf(parent.hash),
          signal: context?.signal ? AbortSignal.any([context.signal, timeout]) : timeout,
        })
        return outcomes.map((outcome, index) => simulatedBlockJson(outcome, blocks[index] as SimulatedBlock, full))
      } catch (error) {
        return refused(error)
      }
    },
  }
}

function refused(error: unknown): never {
  if (!(error instanceof ExecutionError)) throw error
  const { code, data } = error.fault
  if (code === 'aborted') throw new RpcMethodError(-32016, 'execution aborted (timeout = 5s)')
  if (code !== 'callRejected') throw error
  const known = data.code === 'intrinsicGas' ? CODE.intrinsicGas : CODE.insufficientFunds
  throw new RpcMethodError(
    data.code === 'intrinsicGas' || data.code === 'insufficientFunds' ? known : -32000,
    data.reason,
  )
}
