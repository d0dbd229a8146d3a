import {
  activeFork,
  decodeHeader,
  envelopeOf,
  type Hash,
  headerHash,
  JsonNode,
  RlpReader,
  ZERO_ADDRESS,
} from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import type { BlockHeader } from '../blockHeader.ts'
import { createBreather } from '../chain/breather.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import type { EvmTracer } from '../evm/tracer.ts'
import type { StateReader } from '../state/stateReader.ts'
import { attributesOfPayload } from '../transition/executePayload.ts'
import type { BlockExecutor, TxOutcome } from '../transition/types.ts'
import { needBlock, readBlockNumber, readBlockSelector } from './blockSelector.ts'
import { readBlockOverrides, readCall, readStateOverrides } from './callObject.ts'
import { Params, readBytes, readHash } from './params.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { RPC_GAS_CAP, runCall } from './runCall.ts'
import { stateOfCommit } from './stateBefore.ts'
import {
  type MakeTracer,
  readTracer,
  type TracedPlace,
  type TracedRun,
  type TransactionTracer,
} from './tracers/tracer.ts'

/** How long the trace of one transaction may take, unless the config says less or more; and the most it can say. */
const TRACE_TIMEOUT_MS = 5_000
const MAX_TRACE_TIMEOUT_MS = 25_000
const STEPS_BETWEEN_CHECKS = 1024

type TraceConfig = { readonly makeTracer: MakeTracer; readonly timeoutMs: number }

const readConfig = (node: JsonNode): TraceConfig => {
  const timeout = node.get('timeout')
  const match = timeout.exists ? /^(\d+)(ms|s)$/.exec(timeout.string()) : null
  if (timeout.exists && !match) timeout.fail('not a duration such as 5s')
  const asked = match ? Number(match[1]) * (match[2] === 's' ? 1000 : 1) : TRACE_TIMEOUT_MS
  return { makeTracer: readTracer(node), timeoutMs: Math.min(asked, MAX_TRACE_TIMEOUT_MS) }
}
const DEFAULT_CONFIG = readConfig(new JsonNode({}))

/** `debug_trace…`, with the tracers that {@link readTracer} knows. */
export function traceMethods(engine: ExecutionEngine): RpcMethodTable {
  const { chain } = engine

  /** Traces the transactions of a block from `from` to `to`, those before without being watched. */
  async function* traceBlock(
    block: StoredBlock,
    { makeTracer, timeoutMs }: TraceConfig,
    from: number,
    to: number,
  ): AsyncGenerator<{ readonly hash: Hash; readonly result: unknown }> {
    const { header, hash, transactions } = block
    if (header.number === 0n) throw new RpcMethodError(-32000, 'genesis is not traceable')
    const parent = engine.select({ hash: header.parentHash })
    if (!parent) throw new RpcMethodError(-32000, 'parent block not found')
    const tracers = new Map<number, TransactionTracer>()
    const executor = chain.executorOn(parent, attributesOfPayload(chain.spec, envelopeOf(header, hash, transactions)), {
      tracerFor: (index) => {
        const tracer = tracers.get(index)
        return tracer ? withDeadline(tracer, timeoutMs) : null
      },
    })
    const breathe = createBreather(() => performance.now())
    for (const [index, bytes] of transactions.slice(0, to).entries()) {
      await breathe()
      if (index < from) {
        await executor.applyForced(bytes)
        continue
      }
      const tracer = makeTracer(activeFork(chain.spec, header.timestamp))
      tracers.set(index, tracer)
      const before = tracer.wantsState === 'none' ? null : await stateNow(executor, parent, index)
      const outcome = await executor.applyForced(bytes)
      const after = tracer.wantsState === 'both' ? await stateNow(executor, parent, index + 1) : null
      const place = {
        blockHash: hash,
        blockNumber: header.number,
        transactionHash: outcome.tx.hash,
        transactionIndex: index,
      }
      yield { hash: outcome.tx.hash, result: tracer.result(runOf(outcome, header, { before, after, place })) }
    }
  }

  /** The state as the executor has it between two transactions. */
  async function stateNow(executor: BlockExecutor, parent: StoredBlock, executed: number): Promise<StateReader> {
    if (executed === 0) return chain.stateOf(parent.header)
    return stateOfCommit(chain, (await executor.seal()).commit)
  }

  async function wholeBlock(block: StoredBlock, config: TraceConfig): Promise<unknown[]> {
    const results: unknown[] = []
    for await (const { hash, result } of traceBlock(block, config, 0, block.transactions.length)) {
      results.push({ txHash: hash, result })
    }
    return results
  }

  const configOf = (params: Params, index: number): TraceConfig => params.optional(index, readConfig, DEFAULT_CONFIG)

  return {
    debug_traceTransaction: async (values) => {
      const params = new Params(values, 2)
      const place = chain.store.findTransaction(params.required(0, readHash))
      const block = place && chain.store.block(place.blockHash)
      if (!place || !block) throw new RpcMethodError(-32000, 'transaction not found')
      const traces = traceBlock(block, configOf(params, 1), place.index, place.index + 1)
      for await (const { result } of traces) return result
      throw new RpcMethodError(-32000, 'transaction not found')
    },
    debug_traceBlockByNumber: (values) => {
      const params = new Params(values, 2)
      return wholeBlock(needBlock(engine, params.required(0, readBlockNumber)), configOf(params, 1))
    },
    debug_traceBlockByHash: (values) => {
      const params = new Params(values, 2)
      const selector = { hash: params.required(0, readHash), requireCanonical: false }
      return wholeBlock(needBlock(engine, selector), configOf(params, 1))
    },
    debug_traceBlock: (values) => {
      const params = new Params(values, 2)
      return wholeBlock(
        params.required(0, (node) => blockOf(node)),
        configOf(params, 1),
      )
    },
    debug_traceCall: async (values) => {
      const params = new Params(values, 3)
      const block = needBlock(engine, params.optional(1, readBlockSelector, 'latest'))
      const call = params.required(0, readCall)
      const { makeTracer, timeoutMs } = configOf(params, 2)
      const stateOverrides = params.optional(
        2,
        (node) => readPart(node, 'stateOverrides', readStateOverrides),
        undefined,
      )
      const { blobBaseFee, ...fields } =
        params.optional(2, (node) => readPart(node, 'blockOverrides', readBlockOverrides), undefined) ?? {}
      const header: BlockHeader = { ...block.header, ...fields }
      const tracer = makeTracer(activeFork(chain.spec, header.timestamp))
      if (tracer.wantsState === 'both') throw new RpcMethodError(-32000, 'diffMode is only available for transactions')
      const outcome = await runCall({
        chain,
        block,
        header,
        blobBaseFee,
        call: stateOverrides ? { ...call, stateOverrides } : call,
        tracer: withDeadline(tracer, timeoutMs),
      })
      return tracer.result({
        from: call.from ?? ZERO_ADDRESS,
        to: call.to ?? null,
        contractAddress: outcome.contractAddress,
        feeRecipient: header.miner,
        gasLimit: call.gas ?? RPC_GAS_CAP,
        gasUsed: outcome.gasUsed,
        returnValue: outcome.returnValue,
        evmError: outcome.evmError,
        before: tracer.wantsState === 'none' ? null : chain.stateOf(block.header),
        after: null,
        place: null,
      })
    },
  }
}

function readPart<T>(node: JsonNode, key: string, read: (node: JsonNode) => T): T | undefined {
  const part = node.get(key)
  return part.exists ? read(part) : undefined
}

const runOf = (
  outcome: TxOutcome,
  header: BlockHeader,
  rest: Pick<TracedRun, 'before' | 'after'> & { readonly place: TracedPlace },
): TracedRun => ({
  from: outcome.tx.sender,
  to: outcome.tx.to,
  contractAddress: outcome.contractAddress,
  feeRecipient: header.miner,
  gasLimit: outcome.tx.gasLimit,
  gasUsed: outcome.gasUsed,
  returnValue: outcome.returnValue,
  evmError: outcome.evmError,
  ...rest,
})

/** Ends a trace that takes too long. */
function withDeadline(tracer: TransactionTracer, timeoutMs: number): EvmTracer {
  const deadline = performance.now() + timeoutMs
  let left = STEPS_BETWEEN_CHECKS
  const check = () => {
    if (performance.now() > deadline) throw new RpcMethodError(-32000, 'execution timeout')
  }
  return {
    // Steps are dear: only those who look at them get them, and the clock is asked now and then.
    ...(tracer.step && {
      step: (step) => {
        if (--left === 0) {
          left = STEPS_BETWEEN_CHECKS
          check()
        }
        tracer.step?.(step)
      },
    }),
    enter: (frame) => {
      check()
      tracer.enter?.(frame)
    },
    exit: (result) => tracer.exit?.(result),
  }
}

/** A block in RLP. */
function blockOf(node: JsonNode): StoredBlock {
  const bytes = readBytes(node)
  try {
    const fields = new RlpReader(bytes).list()
    const header = decodeHeader(fields.raw()) as BlockHeader
    const list = fields.list()
    const transactions: Uint8Array[] = []
    while (!list.done) transactions.push(list.atList ? list.raw() : list.string())
    return { hash: headerHash(header), header, transactions }
  } catch (error) {
    return node.fail(`no block: ${(error as Error).message}`)
  }
}
