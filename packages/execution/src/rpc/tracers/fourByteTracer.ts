import { bytesToHex, type Fork } from '@keelson/protocol'
import { isPrecompile } from '../../evm/precompileMoves.ts'
import type { EvmFrame } from '../../evm/tracer.ts'
import type { TransactionTracer } from './tracer.ts'

/** geth's `4byteTracer`: how often each selector was called with how much calldata. Precompiles have no selectors. */
export class FourByteTracer implements TransactionTracer {
  readonly wantsState = 'none'
  readonly #counts = new Map<string, number>()
  readonly #fork: Fork

  constructor(fork: Fork) {
    this.#fork = fork
  }

  enter({ to, input }: EvmFrame): void {
    if (to === null || input.length < 4 || isPrecompile(this.#fork, to)) return
    const key = `${bytesToHex(input.subarray(0, 4))}-${input.length - 4}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  result(): unknown {
    return Object.fromEntries(this.#counts)
  }
}
