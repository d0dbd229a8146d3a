/** A small seeded generator (xorshift128): the same seed gives the same inputs on every machine. */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number, stream = 0) {
    this.#a = (seed ^ 0x9e37_79b9) | 1
    this.#b = Math.imul(seed + 1, 0x85eb_ca6b) ^ stream
    this.#c = Math.imul(stream + 1, 0xc2b2_ae35)
    this.#d = seed ^ Math.imul(stream, 0x27d4_eb2f)
    for (let i = 0; i < 12; i++) this.uint32()
  }

  uint32(): number {
    let t = this.#d
    const s = this.#a
    this.#d = this.#c
    this.#c = this.#b
    this.#b = s
    t ^= t << 11
    t ^= t >>> 8
    this.#a = t ^ s ^ (s >>> 19)
    return this.#a >>> 0
  }

  /** From 0 to `bound` - 1. */
  below(bound: number): number {
    return bound < 2 ? 0 : this.uint32() % bound
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff)
  }
}
