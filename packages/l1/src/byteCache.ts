/** A least-recently-used cache bounded by the bytes its values are said to take. */
export class ByteCache<Value> {
  readonly #entries = new Map<string, { value: Value; bytes: number }>()
  readonly #maxBytes: number
  readonly #onChange:
    | ((change: { hit?: boolean; added?: boolean; evicted?: boolean; entries: number }) => void)
    | undefined
  #bytes = 0

  constructor(
    maxBytes: number,
    onChange?: (change: { hit?: boolean; added?: boolean; evicted?: boolean; entries: number }) => void,
  ) {
    this.#maxBytes = maxBytes
    this.#onChange = onChange
  }

  /** What all values take, as told by {@link set}. */
  get bytes(): number {
    return this.#bytes
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    this.#onChange?.({ hit: entry !== undefined, entries: this.#entries.size })
    if (!entry) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Keeps `value`; the least recently used ones go when the bound is passed. A value above the bound is not kept. */
  set(key: string, value: Value, bytes: number): void {
    this.delete(key)
    if (bytes > this.#maxBytes) return
    this.#entries.set(key, { value, bytes })
    this.#bytes += bytes
    this.#onChange?.({ added: true, entries: this.#entries.size })
    for (const [oldest] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break
      this.delete(oldest)
      this.#onChange?.({ evicted: true, entries: this.#entries.size })
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#bytes -= entry.bytes
    this.#entries.delete(key)
  }
}
