import type { Common } from '@ethereumjs/common'
import type { EVM } from '@ethereumjs/evm'
import type { Account, Address, PrefixedHexString } from '@ethereumjs/util'

/** The parts of EthereumJS's interpreter that the fast loop works with; EthereumJS does not export their types. */
export type RunState = {
  programCounter: number
  opCode: number
  readonly memory: { _store: Uint8Array; extend(offset: number, size: number): void }
  memoryWordCount: bigint
  highestMemCost: bigint
  readonly stack: { _store: bigint[]; _len: number }
  code: Uint8Array
  validJumps: Uint8Array
  shouldDoJumpAnalysis: boolean
  gasRefund: bigint
  gasLeft: bigint
  stateGasSpilled: bigint
  readonly env: RunEnv
}

export type RunEnv = {
  readonly address: Address
  readonly caller: Address
  readonly callData: Uint8Array
  readonly callValue: bigint
  readonly isStatic: boolean
  readonly depth: number
  contract: Account
}

export type OpcodeEntry = {
  readonly opcodeInfo: {
    readonly code: number
    readonly fullName: string
    readonly feeBigInt: bigint
    readonly isAsync: boolean
    readonly dynamicGas: boolean
    readonly isInvalid: boolean
  }
  readonly opHandler: (state: RunState, common: Common) => Promise<void> | void
  readonly gasHandler: (state: RunState, gas: bigint, common: Common) => Promise<bigint> | bigint
}

export type InterpreterResult = {
  logs: unknown[]
  returnValue?: Uint8Array
  selfdestruct: Map<PrefixedHexString, PrefixedHexString>
  createdAddresses?: Set<PrefixedHexString>
}

export type Interpreter = {
  readonly _runState: RunState
  _result: InterpreterResult
  readonly _env: RunEnv
}

export type InterpreterClass = new (
  evm: EVM,
  stateManager: unknown,
  blockchain: unknown,
  env: object,
  gasLeft: bigint,
  journal: unknown,
  performanceLogger: unknown,
  profiler: undefined,
) => Interpreter
