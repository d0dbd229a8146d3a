import type { Hash } from '@keelson/protocol'
import { Lru } from '@keelson/service'

/** How often an invalid block is refused from memory before it is tried again: its fault may have been ours. */
const MAX_HITS = 128
/** Tips that are remembered. */
const MAX_TIPS = 512

type InvalidBlock = { readonly hash: Hash; readonly parentHash: Hash }

/** Remembers blocks that failed to execute, and the tips that were built on them. */
export class InvalidBlocks {
  readonly #badByTip = new Map<Hash, InvalidBlock>()
  /** How often each bad block, not its tips, was refused. */
  readonly #hits = new Lru<Hash, number>(MAX_TIPS)

  /** Notes that a block is invalid. */
  add(block: InvalidBlock): void {
    this.#hits.set(block.hash, 1)
    this.#remember(block.hash, block)
  }

  /**
   * Asks whether `hash` is invalid or descends from an invalid block; if so `tip`, which stands on it, is remembered too.
   *
   * @returns hash of the last valid ancestor, or `null` when nothing is held against the block
   */
  lastValidBelow(hash: Hash, tip: Hash): Hash | null {
    const bad = this.#badByTip.get(hash)
    if (!bad) return null
    const hits = (this.#hits.get(bad.hash) ?? 0) + 1
    if (hits >= MAX_HITS) {
      this.#hits.delete(bad.hash)
      for (const [known, cause] of this.#badByTip) if (cause.hash === bad.hash) this.#badByTip.delete(known)
      return null
    }
    this.#hits.set(bad.hash, hits)
    if (hash !== tip) this.#remember(tip, bad)
    return bad.parentHash
  }

  /** Tips that are remembered. */
  get size(): number {
    return this.#badByTip.size
  }

  #remember(tip: Hash, bad: InvalidBlock): void {
    if (this.#badByTip.size >= MAX_TIPS) this.#badByTip.delete(this.#badByTip.keys().next().value as Hash)
    this.#badByTip.set(tip, bad)
  }
}
