import { bytesToHex } from '@keelson/protocol'
import type { EvmFrame } from '../../evm/tracer.ts'
import type { TransactionTracer } from './tracer.ts'

/** geth's `4byteTracer`: how often each selector was called with how much calldata. */
export class FourByteTracer implements TransactionTracer {
  readonly wantsState = 'none'
  readonly #counts = new Map<string, number>()

  enter({ kind, input }: EvmFrame): void {
    if (kind === 'CREATE' || kind === 'CREATE2' || input.length < 4) return
    const key = `${bytesToHex(input.subarray(0, 4))}-${input.length - 4}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  result(): unknown {
    return Object.fromEntries(this.#counts)
  }
}
