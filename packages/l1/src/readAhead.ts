import type { L1BlockRef } from '@keelson/protocol'

type ReadAheadParts = {
  /** How many blocks are fetched ahead of the one asked for. */
  readonly blocks: number
  /** A block with all that derivation will ask of it; rejects when it could not be had. */
  readonly fetch: (number: bigint) => Promise<L1BlockRef | null>
}

/** Fetches L1 ahead of derivation: only finalized blocks, since by number nothing else may be answered from memory. */
export class ReadAhead {
  readonly #parts: ReadAheadParts
  readonly #ahead = new Map<bigint, Promise<L1BlockRef | null>>()
  #finalized = -1n

  constructor(parts: ReadAheadParts) {
    this.#parts = parts
  }

  /** Says up to where blocks cannot be reorged any more. */
  finalizedAt(number: bigint): void {
    if (number > this.#finalized) this.#finalized = number
  }

  /** The block if it was fetched ahead, once. `null`: it has to be asked for. */
  async take(number: bigint): Promise<L1BlockRef | null> {
    const early = this.#ahead.get(number)
    if (!early) return null
    const ref = await early.catch(() => null)
    this.#ahead.delete(number)
    return ref
  }

  /** Fetches what comes after `number`; forgets what nobody will ask for any more. */
  after(number: bigint): void {
    // Whoever looks at the head does not follow the chain: what was fetched is for another.
    if (number >= this.#finalized) return
    const blocks = BigInt(this.#parts.blocks)
    for (const old of this.#ahead.keys()) if (old < number || old > number + 4n * blocks) this.#ahead.delete(old)
    for (let next = number + 1n; next <= number + blocks && next <= this.#finalized; next++) {
      if (this.#ahead.has(next)) continue
      const promise = this.#parts.fetch(next)
      this.#ahead.set(next, promise)
      // A failure ahead of time is nobody's: the block is asked for again when it is needed.
      promise.catch(() => this.#ahead.delete(next))
    }
  }

  clear(): void {
    this.#ahead.clear()
  }
}
