/** Bytes that grow at their end. */
export class ByteSink {
  readonly #expected: number
  #bytes = new Uint8Array(256)
  #length = 0

  /** @param expected - length that is only a claim: room for it is made when a sixteenth of it has come */
  constructor(expected = 0) {
    this.#expected = expected
  }

  get length(): number {
    return this.#length
  }

  /** What was pushed so far; a view, valid until the next push. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Forgets all but the first `length` bytes. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length)
  }

  push(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  pushByte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = byte
  }

  /** Unsigned, up to 64 bits, in base 128 and least group first. */
  pushUvarint(value: bigint): void {
    let rest = BigInt.asUintN(64, value)
    while (rest > 0xffff_ffffn) {
      this.pushByte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    let small = Number(rest)
    for (; small >= 0x80; small >>>= 7) this.pushByte((small & 0x7f) | 0x80)
    this.pushByte(small)
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const isExpected = needed <= this.#expected && 16 * needed >= this.#expected
    const grown = new Uint8Array(isExpected ? this.#expected : Math.max(needed, 2 * this.#bytes.length))
    grown.set(this.bytes)
    this.#bytes = grown
  }
}
