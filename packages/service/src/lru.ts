export type LruOptions<K, V> = {
  /** What a value counts, the same each time it is asked; left out, each counts one. */
  readonly weigh?: (value: V) => number
  /** Told of every entry that leaves, by overflow or by `delete`, after it has left. */
  readonly onEvict?: (key: K, value: V) => void
}

/** A map that forgets what was used least recently, so that the rest weighs no more than a limit; the last entry always stays. */
export class Lru<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #limit: number
  readonly #weigh: (value: V) => number
  readonly #onEvict: ((key: K, value: V) => void) | undefined
  #weight = 0

  constructor(limit: number, { weigh = () => 1, onEvict }: LruOptions<K, V> = {}) {
    this.#limit = limit
    this.#weigh = weigh
    this.#onEvict = onEvict
  }

  get size(): number {
    return this.#entries.size
  }

  /** Without counting as use. */
  has(key: K): boolean {
    return this.#entries.has(key)
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, value)
    }
    return value
  }

  set(key: K, value: V): void {
    const before = this.#entries.get(key)
    if (before !== undefined) this.#weight -= this.#weigh(before)
    this.#entries.delete(key)
    this.#entries.set(key, value)
    this.#weight += this.#weigh(value)
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#limit || this.#entries.size === 1) return
      this.delete(oldest)
    }
  }

  delete(key: K): boolean {
    const value = this.#entries.get(key)
    if (value === undefined) return false
    this.#weight -= this.#weigh(value)
    this.#entries.delete(key)
    this.#onEvict?.(key, value)
    return true
  }

  values(): IterableIterator<V> {
    return this.#entries.values()
  }
}
