import type { Address } from '@keelson/protocol'

/** One opcode about to run. `stack` bottom first; `memory` is a view that later steps overwrite. */
export type EvmStep = {
  readonly pc: number
  readonly opcode: { readonly name: string; readonly code: number }
  readonly gasLeft: bigint
  readonly gasCost: bigint
  readonly gasRefund: bigint
  readonly depth: number
  readonly address: Address
  readonly stack: readonly bigint[]
  readonly memory: Uint8Array
  /** What the running account holds now, in wei. */
  readonly balance: () => bigint
}

export type EvmFrame = {
  readonly kind: 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2'
  readonly depth: number
  readonly from: Address
  readonly to: Address | null
  readonly value: bigint
  readonly gas: bigint
  readonly input: Uint8Array
}

export type EvmFrameResult = {
  readonly gasUsed: bigint
  readonly output: Uint8Array
  /** `null` on success. */
  readonly error: string | null
  readonly createdAddress: Address | null
}

/** Watches the EVM. Methods are called synchronously, in order; enter and exit nest. A throw ends the execution. */
export interface EvmTracer {
  step?(step: EvmStep): void
  enter?(frame: EvmFrame): void
  exit?(result: EvmFrameResult): void
}
