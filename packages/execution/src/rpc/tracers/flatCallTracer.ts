import type { Fork, Hash } from '@keelson/protocol'
import { isPrecompile } from '../../evm/precompileMoves.ts'
import { type CallFrame, CallTracer } from './callTracer.ts'
import type { TracedRun, TransactionTracer } from './tracer.ts'

export type FlatCallOptions = {
  /** Errors in the words of Parity. */
  readonly convertParityErrors: boolean
  /** Calls of precompiles too, which Parity leaves out. */
  readonly includePrecompiles: boolean
}

type FlatFrame = {
  readonly action: Record<string, unknown>
  readonly blockHash: Hash | null
  readonly blockNumber: number
  readonly error?: string
  readonly result?: Record<string, unknown>
  readonly subtraces: number
  readonly traceAddress: readonly number[]
  readonly transactionHash: Hash | null
  readonly transactionPosition: number
  readonly type: 'call' | 'create' | 'suicide'
}

const PARITY_ERRORS: Readonly<Record<string, string>> = {
  'contract creation code storage out of gas': 'Out of gas',
  'out of gas': 'Out of gas',
  'gas uint64 overflow': 'Out of gas',
  'max code size exceeded': 'Out of gas',
  'invalid jump destination': 'Bad jump destination',
  'execution reverted': 'Reverted',
  'return data out of bounds': 'Out of bounds',
  'stack limit reached 1024 (1023)': 'Out of stack',
  'invalid input length': 'Built-in failed',
}

function parityError(error: string): string {
  if (error.startsWith('invalid opcode')) return 'Bad instruction'
  if (error.startsWith('stack underflow')) return 'Stack underflow'
  return PARITY_ERRORS[error] ?? error
}

/** geth's `flatCallTracer`: the calls of {@link CallTracer} in a list, as Parity's `trace_` methods give them. */
export class FlatCallTracer implements TransactionTracer {
  readonly wantsState = 'none'
  readonly #calls = new CallTracer({ onlyTopCall: false, withLog: false })
  readonly #options: FlatCallOptions
  readonly #fork: Fork

  constructor(options: FlatCallOptions, fork: Fork) {
    this.#options = options
    this.#fork = fork
  }

  readonly step: NonNullable<TransactionTracer['step']> = (step) => this.#calls.step(step)
  readonly enter: NonNullable<TransactionTracer['enter']> = (frame) => this.#calls.enter(frame)
  readonly exit: NonNullable<TransactionTracer['exit']> = (result) => this.#calls.exit(result)

  result(run: TracedRun): unknown {
    const list: FlatFrame[] = []
    this.#flatten(this.#calls.result(run), [], run, list)
    return list
  }

  #flatten(call: CallFrame, traceAddress: readonly number[], run: TracedRun, list: FlatFrame[]): void {
    const { blockHash = null, blockNumber = 0n, transactionHash = null, transactionIndex = 0 } = run.place ?? {}
    const calls = (call.calls ?? []).filter((child) => !this.#isLeftOut(child))
    const { error } = call
    const { type, action, result } = shapeOf(call)
    list.push({
      action,
      blockHash,
      blockNumber: Number(blockNumber),
      ...(error !== undefined && { error: this.#options.convertParityErrors ? parityError(error) : error }),
      // What a revert gives back tells why; of other failures nothing is left.
      ...(result && (error === undefined || error === 'execution reverted') && { result }),
      subtraces: calls.length,
      traceAddress,
      transactionHash,
      transactionPosition: transactionIndex,
      type,
    })
    for (const [i, child] of calls.entries()) this.#flatten(child, [...traceAddress, i], run, list)
  }

  #isLeftOut({ type, to }: CallFrame): boolean {
    const isCall = type === 'CALL' || type === 'STATICCALL'
    return !this.#options.includePrecompiles && isCall && to !== undefined && isPrecompile(this.#fork, to)
  }
}

function shapeOf(call: CallFrame): Pick<FlatFrame, 'type' | 'action' | 'result'> {
  const { type, from, to, gas, gasUsed, input, output = '0x', value = 0n } = call
  switch (type) {
    case 'SELFDESTRUCT':
      return { type: 'suicide', action: { address: from, balance: value, refundAddress: to } }
    case 'CREATE':
    case 'CREATE2':
      return {
        type: 'create',
        action: { from, gas, init: input, value },
        result: { ...(to && { address: to }), code: output, gasUsed },
      }
    default:
      return {
        type: 'call',
        action: { callType: type.toLowerCase(), from, gas, input, to, value },
        result: { gasUsed, output },
      }
  }
}
