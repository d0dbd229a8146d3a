import type { QueuedBatch } from './batchContext.ts'

type Entry = { readonly timestamp: bigint; readonly order: number; readonly queued: QueuedBatch }

const isBefore = (a: Entry, b: Entry) => a.timestamp < b.timestamp || (a.timestamp === b.timestamp && a.order < b.order)

/**
 * Batches whose time has not come, by time: a binary heap, so that a channel full of them costs no more than reading it.
 */
export class FutureBatches {
  readonly #heap: Entry[] = []

  get size(): number {
    return this.#heap.length
  }

  /** @param order - place in the order of inclusion */
  add(queued: QueuedBatch, order: number): void {
    const heap = this.#heap
    const entry = { timestamp: queued.decoded.batch.timestamp, order, queued }
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent] as Entry)) break
      heap[at] = heap[parent] as Entry
      at = parent
    }
    heap[at] = entry
  }

  /** Takes out the first batch that begins at or before `timestamp`, with its place in the order of inclusion. */
  takeDue(timestamp: bigint): { readonly order: number; readonly queued: QueuedBatch } | null {
    const [first] = this.#heap
    if (!first || first.timestamp > timestamp) return null
    const last = this.#heap.pop() as Entry
    if (this.#heap.length > 0) this.#sink(last)
    return first
  }

  #sink(entry: Entry): void {
    const heap = this.#heap
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++
      if (!isBefore(heap[child] as Entry, entry)) break
      heap[at] = heap[child] as Entry
      at = child
    }
    heap[at] = entry
  }

  clear(): void {
    this.#heap.length = 0
  }
}
