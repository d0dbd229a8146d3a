import { EVM, EVMError, type EVMOpts } from '@ethereumjs/evm'
import { Account, createZeroAddress } from '@ethereumjs/util'
import { AccessJournal } from './accessJournal.ts'
import { addressHex, type EvmStateManager } from './evmStateManager.ts'
import { FAST_OPCODES, runFast } from './fastLoop.ts'
import { HostTurns } from './hostTurns.ts'
import type { InterpreterClass, OpcodeEntry } from './interpreterTypes.ts'
import type { PrecompileMoves } from './precompileMoves.ts'
import type { EvmStep } from './tracer.ts'

type Message = Parameters<EVM['runInterpreter']>[0]
type ExecResult = Awaited<ReturnType<EVM['runInterpreter']>>

/** Fields of EthereumJS's EVM that its types hide. */
type Internals = {
  readonly _opcodeMap: readonly OpcodeEntry[]
  readonly performanceLogger: unknown
  allowUnlimitedInitCodeSize: boolean
  journal: unknown
  stateManager: EvmStateManager
}

const MAX_FAST_GAS = BigInt(Number.MAX_SAFE_INTEGER)

function feesOf(opcodes: readonly OpcodeEntry[]): Float64Array {
  const fees = new Float64Array(256).fill(-1)
  const fast = [...FAST_OPCODES]
  for (let opcode = 0x60; opcode <= 0x9f; opcode++) fast.push(opcode)
  for (const opcode of fast) {
    const { opcodeInfo } = opcodes[opcode] as OpcodeEntry
    if (!opcodeInfo.isInvalid) fees[opcode] = Number(opcodeInfo.feeBigInt)
  }
  return fees
}

/**
 * The logs of a frame. EthereumJS makes a new array of all logs for every call that a frame makes; here the frame's
 * own array grows, so that a frame of many calls takes no quadratic time.
 */
class LogList extends Array<unknown> {
  override concat(...lists: unknown[]): unknown[] {
    for (const list of lists) for (const log of list as unknown[]) this.push(log)
    return this
  }
}

/**
 * EthereumJS's EVM with a faster loop inside a frame and a faster journal; calls, creations, precompiles and the rare
 * opcodes are EthereumJS's.
 */
export class OpEvm extends EVM {
  readonly #Interpreter: InterpreterClass
  readonly #fees: Float64Array
  readonly access: AccessJournal
  /** Watches every opcode, in place of EthereumJS's event, which reads memory that nobody has paid for. */
  onStep: ((step: EvmStep) => void) | null = null
  #turns = new HostTurns()
  #moves: PrecompileMoves | null = null

  constructor(opts: EVMOpts & { readonly stateManager: EvmStateManager }, Interpreter: InterpreterClass) {
    super(opts)
    this.#Interpreter = Interpreter
    this.#fees = feesOf(this.#internals._opcodeMap)
    this.access = new AccessJournal(opts.stateManager, this.precompiles.keys())
    this.#internals.journal = this.access
  }

  get #internals(): Internals {
    return this as unknown as Internals
  }

  /** Turns the EVM to another state; `signal` ends what runs on it. */
  retarget(
    stateManager: EvmStateManager,
    blockchain: unknown,
    {
      signal,
      precompiles = null,
    }: { readonly signal?: AbortSignal | undefined; readonly precompiles?: PrecompileMoves | null },
  ): void {
    this.#turns = new HostTurns(signal)
    this.#moves = precompiles
    this.#internals.stateManager = stateManager
    this.access.stateManager = stateManager
    this.access.cleanJournal()
    Object.assign(this, { blockchain })
    this.transientStorage.clear()
  }

  override getPrecompile(address: Parameters<EVM['getPrecompile']>[0]): ReturnType<EVM['getPrecompile']> {
    if (!this.#moves || typeof address === 'string') return super.getPrecompile(address)
    const source = this.#moves.get(addressHex(address))
    if (source === undefined) return super.getPrecompile(address)
    return source === null ? undefined : super.getPrecompile(source)
  }

  /**
   * EIP-3860's limit holds for what code creates. That of transactions is checked before they run, and deposits have
   * none.
   */
  protected override _executeCreate(message: Message): ReturnType<EVM['_executeCreate']> {
    this.#internals.allowUnlimitedInitCodeSize = message.depth === 0
    return super._executeCreate(message)
  }

  protected override async runInterpreter(
    message: Message,
    opts?: Parameters<EVM['runInterpreter']>[1],
  ): Promise<ExecResult> {
    this.#internals.allowUnlimitedInitCodeSize = false
    const { code } = message
    if (message.gasLimit > MAX_FAST_GAS || !(code instanceof Uint8Array)) return super.runInterpreter(message, opts)
    const { stateManager, performanceLogger, _opcodeMap: opcodes } = this.#internals
    const address = message.to ?? createZeroAddress()
    const caller = message.caller ?? createZeroAddress()
    const env = {
      address,
      caller,
      callData: message.data ?? Uint8Array.of(0),
      callValue: message.value ?? 0n,
      code,
      isStatic: message.isStatic ?? false,
      isCreate: message.isCreate ?? false,
      depth: message.depth ?? 0,
      gasPrice: this._tx?.gasPrice ?? 0n,
      origin: this._tx?.origin ?? caller,
      block: this._block,
      contract: (await stateManager.getAccount(address)) ?? new Account(),
      codeAddress: message.codeAddress,
      gasRefund: message.gasRefund,
      chargeCodeAccesses: message.chargeCodeAccesses,
      blobVersionedHashes: message.blobVersionedHashes ?? [],
      createdAddresses: message.createdAddresses,
    }
    const interpreter = new this.#Interpreter(
      this,
      stateManager,
      this.blockchain,
      env,
      message.gasLimit,
      this.access,
      performanceLogger,
      undefined,
    )
    interpreter._result.logs = new LogList()
    if (message.selfdestruct) interpreter._result.selfdestruct = message.selfdestruct
    if (message.createdAddresses) interpreter._result.createdAddresses = message.createdAddresses
    const state = interpreter._runState
    const error = await runFast(state, code, {
      common: this.common,
      opcodes,
      fees: this.#fees,
      journal: this.access,
      stateManager,
      onStep: this.onStep,
      turns: this.#turns,
    })
    const gasUsed =
      error && error.error !== EVMError.errorMessages.REVERT ? message.gasLimit : message.gasLimit - state.gasLeft
    const result = error
      ? { ...interpreter._result, logs: [], selfdestruct: new Map(), createdAddresses: new Set() }
      : interpreter._result
    return {
      ...result,
      ...(error && { exceptionError: error }),
      gas: state.gasLeft,
      executionGasUsed: gasUsed,
      gasRefund: state.gasRefund,
      stateGasSpilled: state.stateGasSpilled,
      returnValue: result.returnValue ?? new Uint8Array(0),
    } as ExecResult
  }
}

let found: Promise<InterpreterClass> | null = null

/**
 * EthereumJS's interpreter class, which it does not export: an opcode made for the purpose sees an instance.
 */
export function interpreterClass(opts: EVMOpts): Promise<InterpreterClass> {
  found ??= (async () => {
    let seen: InterpreterClass | null = null
    const opcode = 0x21
    const probe = new EVM({
      ...opts,
      // No state is to be read for this.
      stateManager: { getAccount: async () => undefined } as unknown as EvmStateManager,
      customOpcodes: [
        {
          opcode,
          opcodeName: 'PROBE',
          baseFee: 0,
          logicFunction: (state: { readonly interpreter: object }) => {
            seen = state.interpreter.constructor as InterpreterClass
          },
        },
      ],
    })
    const { exceptionError } = await probe.runCode({ code: Uint8Array.of(opcode), gasLimit: 100n })
    if (!seen) throw new TypeError('EthereumJS runs opcodes otherwise than expected', { cause: exceptionError })
    return seen
  })()
  return found
}
