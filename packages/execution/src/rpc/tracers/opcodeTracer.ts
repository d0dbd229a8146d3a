import { type Address, bytesToHex } from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import type { EvmFrameResult, EvmStep } from '../../evm/tracer.ts'
import { evmErrorText } from '../callError.ts'
import type { TracedRun, TransactionTracer } from './tracer.ts'

/** More steps than this are too much for one answer. */
const MAX_STEPS = 1_000_000

export type OpcodeTracerOptions = {
  readonly memory: boolean
  readonly stack: boolean
  readonly storage: boolean
  /** Steps to keep; 0 keeps all. */
  readonly limit: number
}

type StructLog = {
  pc: number
  op: string
  gas: number
  gasCost: number
  depth: number
  refund?: number
  error?: string
  stack?: string[]
  memory?: string[]
  storage?: Record<string, string>
}

const CALLS = new Set(['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'])

/** What a call passes on is part of its cost: all that it asks for, up to 63/64 of what is left (EIP-150). */
function forwardedGas({ opcode, stack, gasLeft, gasCost }: EvmStep): bigint {
  const asked = stack.at(-1)
  if (!CALLS.has(opcode.name) || asked === undefined || gasCost > gasLeft) return 0n
  const left = gasLeft - gasCost
  const most = left - left / 64n
  return asked < most ? asked : most
}

const word = (value: bigint): string => value.toString(16).padStart(64, '0')

/** geth's default tracer: one entry per opcode. */
export class OpcodeTracer implements TransactionTracer {
  readonly wantsState = 'none'
  readonly #options: OpcodeTracerOptions
  readonly #logs: StructLog[] = []
  readonly #storage = new Map<Address, Record<string, string>>()
  /** A slot that was just loaded: its word is on the stack at the next step. */
  #loading: { readonly log: StructLog; readonly address: Address; readonly slot: string } | null = null
  #lastOfDepth: StructLog[] = []

  constructor(options: OpcodeTracerOptions) {
    this.#options = options
  }

  step(step: EvmStep): void {
    this.#loaded(step)
    const { limit } = this.#options
    if (limit > 0 && this.#logs.length >= limit) return
    if (this.#logs.length >= MAX_STEPS) {
      throw new RpcMethodError(-32000, `trace of more than ${MAX_STEPS} steps: set a limit`)
    }
    const log: StructLog = {
      pc: step.pc,
      op: step.opcode.name,
      gas: Number(step.gasLeft),
      gasCost: Number(step.gasCost + forwardedGas(step)),
      depth: step.depth + 1,
      ...(step.gasRefund > 0n && { refund: Number(step.gasRefund) }),
    }
    if (this.#options.stack) log.stack = step.stack.map((value) => `0x${value.toString(16)}`)
    if (this.#options.memory) log.memory = wordsOf(step.memory)
    if (this.#options.storage) this.#noteStorage(step, log)
    this.#logs.push(log)
    this.#lastOfDepth[step.depth] = log
  }

  exit({ error }: EvmFrameResult): void {
    this.#loading = null
    const last = this.#lastOfDepth.pop()
    if (last && error !== null && error !== 'revert') last.error = evmErrorText(error)
  }

  result({ gasUsed, evmError, returnValue }: TracedRun): unknown {
    return {
      gas: Number(gasUsed),
      failed: evmError !== null,
      returnValue: bytesToHex(returnValue),
      structLogs: this.#logs,
    }
  }

  #slotsOf(address: Address): Record<string, string> {
    let slots = this.#storage.get(address)
    if (!slots) {
      slots = {}
      this.#storage.set(address, slots)
    }
    return slots
  }

  #noteStorage({ opcode, stack, address }: EvmStep, log: StructLog): void {
    const slot = stack.at(-1)
    if (slot === undefined) return
    if (opcode.name === 'SLOAD') this.#loading = { log, address, slot: word(slot) }
    const value = stack.at(-2)
    if (opcode.name !== 'SSTORE' || value === undefined) return
    const slots = this.#slotsOf(address)
    slots[word(slot)] = word(value)
    log.storage = { ...slots }
  }

  #loaded({ stack }: EvmStep): void {
    const { log, address, slot } = this.#loading ?? {}
    this.#loading = null
    if (!log || !address || slot === undefined) return
    const slots = this.#slotsOf(address)
    slots[slot] = word(stack.at(-1) ?? 0n)
    log.storage = { ...slots }
  }
}

function wordsOf(memory: Uint8Array): string[] {
  const words: string[] = []
  for (let at = 0; at < memory.length; at += 32)
    words.push(
      bytesToHex(memory.subarray(at, at + 32))
        .slice(2)
        .padEnd(64, '0'),
    )
  return words
}
