import type { Address } from '@keelson/protocol'
import type { ExecutionTx } from '../transition/types.ts'

/** Executable transactions by sender, each list in nonce order without gaps. */
export type PendingTransactions = ReadonlyMap<Address, readonly ExecutionTx[]>

/** What the fee recipient earns per gas, or `null` when the transaction does not pay the base fee. */
export function effectiveTip(tx: ExecutionTx, baseFee: bigint): bigint | null {
  if (tx.maxFeePerGas < baseFee) return null
  const room = tx.maxFeePerGas - baseFee
  if (room < tx.maxPriorityFeePerGas) return room
  return tx.maxPriorityFeePerGas
}

type Line = { readonly list: readonly ExecutionTx[]; readonly arrival: number; at: number; tip: bigint }

/**
 * Gives pool transactions in the order in which a block wants them: highest effective tip first, each sender's in nonce
 * order. Among equals the sender that came first goes first.
 */
export class BestTransactions {
  readonly #heap: Line[] = []
  readonly #baseFee: bigint

  constructor(pending: PendingTransactions, baseFee: bigint) {
    this.#baseFee = baseFee
    let arrival = 0
    for (const list of pending.values()) {
      const first = list[0]
      const tip = first && effectiveTip(first, baseFee)
      if (tip !== null && tip !== undefined) this.#push({ list, arrival: arrival++, at: 0, tip })
    }
  }

  /** The best transaction left. */
  peek(): ExecutionTx | undefined {
    const line = this.#heap[0]
    return line?.list[line.at]
  }

  /** Goes on to the next transaction of the best one's sender. */
  shift(): void {
    const line = this.#heap[0]
    if (!line) return
    line.at++
    const next = line.list[line.at]
    const tip = next ? effectiveTip(next, this.#baseFee) : null
    if (tip === null) {
      this.pop()
      return
    }
    line.tip = tip
    this.#sink(0)
  }

  /** Leaves out the best one's sender: what follows needs it. */
  pop(): void {
    const last = this.#heap.pop()
    if (!last || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #before(a: Line, b: Line): boolean {
    return a.tip > b.tip || (a.tip === b.tip && a.arrival < b.arrival)
  }

  #push(line: Line): void {
    const heap = this.#heap
    let at = heap.push(line) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!this.#before(line, heap[up] as Line)) break
      heap[at] = heap[up] as Line
      at = up
    }
    heap[at] = line
  }

  #sink(start: number): void {
    const heap = this.#heap
    const line = heap[start] as Line
    let at = start
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#before(heap[child + 1] as Line, heap[child] as Line)) child++
      if (!this.#before(heap[child] as Line, line)) break
      heap[at] = heap[child] as Line
      at = child
    }
    heap[at] = line
  }
}
