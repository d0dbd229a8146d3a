import type { BlockId, L1BlockRef } from '@keelson/protocol'

/** Consecutive L1 blocks, from the safe head's L1 origin (or the one after it) to where the pipeline stands. */
export class L1Window {
  #blocks: L1BlockRef[] = []
  /** Blocks before this index are dropped; they are cut off now and then. */
  #start = 0

  get length(): number {
    return this.#blocks.length - this.#start
  }

  get first(): L1BlockRef | null {
    return this.#blocks[this.#start] ?? null
  }

  get last(): L1BlockRef | null {
    return this.length > 0 ? (this.#blocks.at(-1) as L1BlockRef) : null
  }

  /** The block at that height, or `null` when it is not in the window. */
  get(number: bigint): L1BlockRef | null {
    const { first } = this
    if (!first || number < first.number) return null
    const index = number - first.number
    return index < this.length ? (this.#blocks[this.#start + Number(index)] as L1BlockRef) : null
  }

  push(block: L1BlockRef): void {
    this.#blocks.push(block)
  }

  clear(): void {
    this.#blocks = []
    this.#start = 0
  }

  dropFirst(): void {
    this.#start++
    if (this.#start < 1_024 || this.#start * 2 < this.#blocks.length) return
    this.#blocks = this.#blocks.slice(this.#start)
    this.#start = 0
  }

  /** Drops what is before the block at that height, if it is in the window. */
  dropBefore({ number }: BlockId): void {
    if (this.get(number)) while ((this.first as L1BlockRef).number < number) this.dropFirst()
  }
}
