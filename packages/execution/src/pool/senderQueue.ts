import type { ExecutionTx } from '../transition/types.ts'

/** A transaction in the pool. */
export type PooledTx = {
  readonly tx: ExecutionTx
  /** Order of arrival. */
  readonly sequence: number
  /** Worst-case cost at the head at which it was last judged, in wei. */
  cost: bigint
}

/** One sender's transactions by nonce: those from the account's nonce on without a gap can be executed. */
export class SenderQueue {
  readonly #byNonce = new Map<bigint, PooledTx>()
  #sorted: PooledTx[] | null = null

  get size(): number {
    return this.#byNonce.size
  }

  get(nonce: bigint): PooledTx | undefined {
    return this.#byNonce.get(nonce)
  }

  set(entry: PooledTx): void {
    this.#byNonce.set(entry.tx.nonce, entry)
    this.#sorted = null
  }

  delete(nonce: bigint): void {
    if (this.#byNonce.delete(nonce)) this.#sorted = null
  }

  /** All of them in nonce order. */
  all(): readonly PooledTx[] {
    this.#sorted ??= [...this.#byNonce.values()].sort((a, b) => (a.tx.nonce < b.tx.nonce ? -1 : 1))
    return this.#sorted
  }

  /**
   * Splits at the first gap above the account's nonce.
   *
   * @param nonce - the account's
   */
  split(nonce: bigint): { readonly pending: readonly PooledTx[]; readonly queued: readonly PooledTx[] } {
    const all = this.all()
    let next = nonce
    let count = 0
    for (const { tx } of all) {
      if (tx.nonce !== next) break
      next++
      count++
    }
    if (count === all.length) return { pending: all, queued: [] }
    return { pending: all.slice(0, count), queued: all.slice(count) }
  }
}
