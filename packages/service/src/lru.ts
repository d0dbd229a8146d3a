/** A map that forgets what was used least recently. */
export class Lru<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #capacity: number
  readonly #onEvict: ((key: K, value: V) => void) | undefined

  /** @param onEvict - told of every entry that leaves, by overflow or by `delete`, after it has left */
  constructor(capacity: number, onEvict?: (key: K, value: V) => void) {
    this.#capacity = capacity
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
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#capacity) this.delete(this.#entries.keys().next().value as K)
  }

  delete(key: K): boolean {
    const value = this.#entries.get(key)
    if (value === undefined) return false
    this.#entries.delete(key)
    this.#onEvict?.(key, value)
    return true
  }

  values(): IterableIterator<V> {
    return this.#entries.values()
  }
}
