import type { ByteSink } from '../byteSink.ts'
import { copyBack } from '../copyBack.ts'

const FIRST_CAPACITY = 4_096
const MIN_SIZE = 1_024
/** A word of the dictionary may reach beyond the end of the ring. */
const SLACK = 42

/**
 * What was decoded, in a ring that is as large as op-node's decoder makes it, and written out at the same moments: only
 * what was written before an error counts.
 *
 * The ring may be far larger than what comes: memory follows what was decoded.
 */
export class BrotliRing {
  readonly windowSize: number
  bytes = new Uint8Array(0)
  /** Place of the next byte; beyond the size for a moment. */
  at = 0
  /** 0 until there is a ring. */
  size = 0
  #plannedSize = 0
  /** Bytes decoded in the rounds before this one. */
  #before = 0
  #written = 0

  constructor(windowBits: number) {
    this.windowSize = 2 ** windowBits
  }

  /** Chooses the size for `count` more bytes: the smallest power of two that holds all, at most the window. */
  plan(count: number): void {
    if (this.size === this.windowSize) return
    const least = Math.max(this.size, MIN_SIZE, this.at + count)
    this.#plannedSize = this.windowSize
    while (this.#plannedSize / 2 >= least) this.#plannedSize /= 2
  }

  /** Takes the size that was planned. */
  open(): void {
    this.size = this.#plannedSize
    this.reserve(0)
  }

  /** Bytes decoded so far. */
  get total(): number {
    return this.#before + this.at
  }

  get unwritten(): number {
    return this.#before + this.at - this.#written
  }

  /** Whether the next write must come before the next byte. */
  get isFull(): boolean {
    return this.at >= this.size
  }

  /** Makes room for up to `count` bytes at the present place; gives how many, 0 when the ring is full. */
  reserve(count: number): number {
    const end = Math.min(this.at + count, this.size)
    if (end + SLACK > this.bytes.length) {
      const capacity = Math.min(Math.max(end, 2 * this.bytes.length, FIRST_CAPACITY), this.size)
      const grown = new Uint8Array(capacity + SLACK)
      grown.set(this.bytes.subarray(0, this.at))
      this.bytes = grown
    }
    return end - this.at
  }

  /** The byte `distance` before the next one; zero before the first. */
  byteBefore(distance: number): number {
    const from = this.at - distance
    if (from >= 0) return this.bytes[from] as number
    return this.#before === 0 ? 0 : (this.bytes[this.size + from] as number)
  }

  /** Repeats up to `count` bytes from `distance` before, as far as the ring goes; gives how many. */
  copy(distance: number, count: number): number {
    const copied = this.reserve(count)
    copyBack(this.bytes, this.size, this.at, distance, copied)
    this.at += copied
    return copied
  }

  /**
   * Hands out what was decoded, at most `room` bytes; a ring that is full and as large as the window begins again when
   * all of it was handed out.
   */
  write(sink: ByteSink, room: number): number {
    const from = this.#written - this.#before
    const count = Math.min(Math.min(this.at, this.size) - from, room)
    sink.push(this.bytes.subarray(from, from + count))
    this.#written += count
    if (this.size === this.windowSize && this.at >= this.size && this.#written === this.#before + this.size) {
      this.#before += this.size
      this.at -= this.size
      this.bytes.copyWithin(0, this.size, this.size + this.at)
    }
    return count
  }

  /** Whether a write has left something behind that keeps the decoder from going on. */
  get isBlocked(): boolean {
    return this.size === this.windowSize && this.isFull
  }
}
