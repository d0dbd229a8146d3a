/** What one call of the fast path may use of the input beyond its bit accumulator. */
const BRISK_BYTES = 28
/** Bits looked at for a symbol: the longest code. */
const MAX_CODE_BITS = 15

/**
 * The bits of a brotli stream, least first, up to a limit that moves on as input comes.
 *
 * `pulled` keeps account of the bytes that op-node's decoder has in its 64-bit accumulator, ahead of the bit that comes
 * next: what it does at the limit goes by them. Far from the limit it pulls four bytes whenever no more than 32 bits are
 * left (`brisk`), near it one byte whenever a read needs more.
 */
export class BrotliBits {
  readonly bytes: Uint8Array
  /** Byte and bit within it that come next. */
  at = 0
  offset = 0
  /** End of the bytes in the accumulator. */
  pulled = 0
  /** End of the input that is there. */
  limit = 0
  brisk = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get available(): number {
    return 8 * (this.pulled - this.at) - this.offset
  }

  /** Decides how the next reads pull. */
  beginCommands(): void {
    this.brisk = this.limit - this.pulled >= BRISK_BYTES
    if (this.brisk && this.available === 0) this.pulled++
  }

  /** Leaves the fast path when the limit is near. */
  checkBrisk(): void {
    if (this.brisk && this.limit - this.pulled < BRISK_BYTES) this.brisk = false
  }

  /** How many symbols can be read before {@link checkBrisk} might have an effect: one, or more. */
  get briskSymbols(): number {
    return Math.max(1, (this.limit - this.pulled - BRISK_BYTES - 6) >> 1)
  }

  /** One by one until `count` bits are there; `false` at the limit. */
  pull(count: number): boolean {
    while (this.available < count) {
      if (this.pulled === this.limit) return false
      this.pulled++
    }
    return true
  }

  /** Four bytes at a time, as often as the fast path would have on its way to the present bit. */
  fill(): void {
    const { available } = this
    if (available <= 32) this.pulled += 4 * (((32 - available) >> 5) + 1)
  }

  fillBrisk(): void {
    if (this.brisk) this.fill()
  }

  /** Pulls what is pulled for a symbol. */
  pullSymbol(): void {
    if (this.brisk) this.fill()
    else this.pull(MAX_CODE_BITS)
  }

  /** Back to where a read began that the limit cut short. */
  restore(at: number, offset: number, pulled: number): void {
    this.at = at
    this.offset = offset
    this.pulled = pulled
  }

  /** At least the next 24 bits; those beyond the limit may be anything. */
  peek(): number {
    const { bytes, at } = this
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    return word >>> this.offset
  }

  skip(count: number): void {
    const offset = this.offset + count
    this.at += offset >> 3
    this.offset = offset & 7
  }

  /** `count` bits, at most 24, that are known to be there. */
  take(count: number): number {
    const value = this.peek() & ((1 << count) - 1)
    this.skip(count)
    return value
  }

  /** `count` bits, or -1 at the limit. */
  read(count: number): number {
    if (this.brisk) this.fill()
    else if (!this.pull(count)) return -1
    return this.take(count)
  }

  /** The next symbol of the code at `base`, or -1 at the limit. */
  symbol(codes: Uint16Array, base: number): number {
    this.pullSymbol()
    const bits = this.peek()
    let entry = codes[base + (bits & 255)] as number
    let length = entry & 15
    if (length > 8) {
      entry = codes[base + (entry >> 4) + ((bits >> 8) & ((1 << (length - 8)) - 1))] as number
      length = entry & 15
    }
    if (length > this.available) return -1
    this.skip(length)
    return entry >> 4
  }

  /** Goes on at a whole byte; `false` when a bit on the way is set. */
  toByte(): boolean {
    return this.offset === 0 || this.take(8 - this.offset) === 0
  }

  /** Whole bytes, as many as there are, at most `count`. At a whole byte only. */
  bytesUpTo(count: number): Uint8Array {
    const from = this.at
    this.at += Math.min(count, this.limit - from)
    this.pulled = Math.max(this.pulled, this.at)
    return this.bytes.subarray(from, this.at)
  }

  /** Empties the accumulator of whole bytes. */
  unload(): void {
    this.pulled = this.at + (this.offset > 0 ? 1 : 0)
  }
}
