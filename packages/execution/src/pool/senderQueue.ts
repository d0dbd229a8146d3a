import type { ExecutionTx } from '../transition/types.ts'

/** A transaction in the pool. */
export type PooledTx = {
  readonly tx: ExecutionTx
  /** Order of arrival. */
  readonly sequence: number
  /** Worst-case cost at the head at which it was last judged, in wei. */
  readonly cost: bigint
}

/**
 * One sender's transactions by nonce: those from the account's nonce on without a gap can be executed.
 *
 * A queue may hold thousands: what is asked for each transaction that comes is answered by bisection.
 */
export class SenderQueue {
  /** In nonce order. */
  readonly #entries: PooledTx[] = []
  /** What the entries up to each one cost together; as far as it is known. */
  readonly #costs: bigint[] = []

  get size(): number {
    return this.#entries.length
  }

  get(nonce: bigint): PooledTx | undefined {
    const entry = this.#entries[this.#firstFrom(nonce)]
    return entry?.tx.nonce === nonce ? entry : undefined
  }

  /** Adds an entry, or puts it in the place of that with its nonce. */
  set(entry: PooledTx): void {
    const at = this.#firstFrom(entry.tx.nonce)
    this.#entries.splice(at, this.#entries[at]?.tx.nonce === entry.tx.nonce ? 1 : 0, entry)
    this.#forgetCosts(at)
  }

  delete(nonce: bigint): void {
    const at = this.#firstFrom(nonce)
    if (this.#entries[at]?.tx.nonce !== nonce) return
    this.#entries.splice(at, 1)
    this.#forgetCosts(at)
  }

  /** Takes out the entries below `nonce`. */
  takeBelow(nonce: bigint): readonly PooledTx[] {
    const taken = this.#entries.splice(0, this.#firstFrom(nonce))
    if (taken.length > 0) this.#forgetCosts(0)
    return taken
  }

  /** All of them in nonce order. */
  all(): readonly PooledTx[] {
    return this.#entries.slice()
  }

  /** The one with the highest nonce. */
  last(): PooledTx | undefined {
    return this.#entries.at(-1)
  }

  /**
   * How many can be executed, counted from the account's nonce to the first gap.
   *
   * @param nonce - the account's
   */
  pendingCount(nonce: bigint): number {
    const entries = this.#entries
    if (entries[0]?.tx.nonce !== nonce) return 0
    let low = 1
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      // Nonces differ: an entry stands as far from the first as its nonce only when there is no gap below it.
      if ((entries[middle] as PooledTx).tx.nonce === nonce + BigInt(middle)) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * Splits at the first gap above the account's nonce.
   *
   * @param nonce - the account's
   */
  split(nonce: bigint): { readonly pending: readonly PooledTx[]; readonly queued: readonly PooledTx[] } {
    const count = this.pendingCount(nonce)
    return { pending: this.#entries.slice(0, count), queued: this.#entries.slice(count) }
  }

  /** What the executable transactions below `nonce` can cost together, in wei. */
  costBelow(nonce: bigint, accountNonce: bigint): bigint {
    const count = Math.min(this.#firstFrom(nonce), this.pendingCount(accountNonce))
    const costs = this.#costs
    for (let at = costs.length; at < count; at++) {
      costs.push((costs[at - 1] ?? 0n) + (this.#entries[at] as PooledTx).cost)
    }
    return costs[count - 1] ?? 0n
  }

  /** Index of the first entry with this nonce or a higher one. */
  #firstFrom(nonce: bigint): number {
    const entries = this.#entries
    const last = entries.at(-1)
    if (!last || last.tx.nonce < nonce) return entries.length
    let low = 0
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((entries[middle] as PooledTx).tx.nonce < nonce) low = middle + 1
      else high = middle
    }
    return low
  }

  #forgetCosts(from: number): void {
    if (this.#costs.length > from) this.#costs.length = from
  }
}
