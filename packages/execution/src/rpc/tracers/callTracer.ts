import { type Address, bigintToBytes, bytesToHex, type Hash, type Hex } from '@keelson/protocol'
import { loggedEvent } from '../../evm/loggedEvent.ts'
import type { EvmFrame, EvmFrameResult, EvmStep } from '../../evm/tracer.ts'
import { evmErrorText, revertReason } from '../callError.ts'
import type { TracedRun, TransactionTracer } from './tracer.ts'

type CallLog = { address: Address; topics: Hash[]; data: Hex; index: bigint; position: bigint }

/** One call of the tree. */
export type CallFrame = {
  from: Address
  gas: bigint
  gasUsed: bigint
  to?: Address
  input: Hex
  output?: Hex
  error?: string
  revertReason?: string
  calls?: CallFrame[]
  logs?: CallLog[]
  value?: bigint
  type: string
}

/** geth's `callTracer`: the tree of calls. */
export class CallTracer implements TransactionTracer {
  readonly wantsState = 'none'
  readonly #onlyTopCall: boolean
  readonly #withLog: boolean
  readonly #stack: CallFrame[] = []
  readonly step: (step: EvmStep) => void
  #root: CallFrame | null = null
  #logCount = 0n

  constructor({ onlyTopCall, withLog }: { readonly onlyTopCall: boolean; readonly withLog: boolean }) {
    this.#onlyTopCall = onlyTopCall
    this.#withLog = withLog
    this.step = (step) => this.#step(step)
  }

  enter({ kind, from, to, value, gas, input }: EvmFrame): void {
    const frame: CallFrame = {
      from,
      gas,
      gasUsed: 0n,
      ...(to && { to }),
      input: bytesToHex(input),
      ...(kind !== 'STATICCALL' && { value }),
      type: kind,
    }
    const parent = this.#stack.at(-1)
    if (!parent) this.#root = frame
    else if (!this.#onlyTopCall) {
      parent.calls ??= []
      parent.calls.push(frame)
    }
    this.#stack.push(frame)
  }

  exit({ gasUsed, output, error, createdAddress }: EvmFrameResult): void {
    const frame = this.#stack.pop()
    if (!frame) return
    frame.gasUsed = gasUsed
    if (createdAddress) frame.to = createdAddress
    finish(frame, output, error)
  }

  result(run: TracedRun): CallFrame {
    const root: CallFrame = this.#root ?? {
      from: run.from,
      gas: run.gasLimit,
      gasUsed: run.gasUsed,
      ...(run.to && { to: run.to }),
      input: '0x',
      value: 0n,
      type: run.to ? 'CALL' : 'CREATE',
    }
    root.gas = run.gasLimit
    root.gasUsed = run.gasUsed
    if (!root.to && run.contractAddress) root.to = run.contractAddress
    return root
  }

  #step(step: EvmStep): void {
    const { opcode, stack, address } = step
    const frame = this.#stack.at(-1)
    if (!frame) return
    if (opcode.name === 'SELFDESTRUCT' && !this.#onlyTopCall) {
      const to = bytesToHex(bigintToBytes((stack.at(-1) ?? 0n) & ((1n << 160n) - 1n), 20))
      frame.calls ??= []
      frame.calls.push({
        from: address,
        gas: 0n,
        gasUsed: 0n,
        to,
        input: '0x',
        value: step.balance(),
        type: 'SELFDESTRUCT',
      })
      return
    }
    if (!this.#withLog || (this.#onlyTopCall && this.#stack.length > 1)) return
    const event = loggedEvent(step)
    if (!event) return
    frame.logs ??= []
    frame.logs.push({
      address,
      topics: event.topics,
      data: bytesToHex(event.data),
      index: this.#logCount++,
      position: BigInt(frame.calls?.length ?? 0),
    })
  }
}

function finish(frame: CallFrame, output: Uint8Array, error: string | null): void {
  if (output.length > 0 && (error === null || error === 'revert')) frame.output = bytesToHex(output)
  if (error === null) return
  frame.error = evmErrorText(error)
  clearLogs(frame)
  if (frame.type.startsWith('CREATE')) delete frame.to
  if (error !== 'revert') return
  const reason = revertReason(output)
  if (reason !== null) frame.revertReason = reason
}

/** What a failed call logged, it and the calls below it, never happened. */
function clearLogs(frame: CallFrame): void {
  delete frame.logs
  for (const call of frame.calls ?? []) clearLogs(call)
}
