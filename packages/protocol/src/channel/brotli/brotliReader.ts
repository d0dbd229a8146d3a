import type { ByteSink } from '../byteSink.ts'
import type { ByteSource, StreamEnd } from '../byteSource.ts'
import { BrotliBits } from './brotliBits.ts'
import { BrotliCodes } from './brotliCodes.ts'
import { BrotliCommands } from './brotliCommands.ts'
import { LastDistances } from './brotliDistances.ts'
import { readMetaBlock, readMetaBlockHeader } from './brotliMetaBlock.ts'
import { type BrotliPause, type BrotliSteps, corrupt } from './brotliPause.ts'
import { BrotliRing } from './brotliRing.ts'

/** op-node looks at the first byte of a channel through a buffer of 4096 bytes: the rest of it is the first input. */
const FIRST_INPUT = 4_095
const INPUT_STEP = 32_768

/**
 * Unpacks brotli (RFC 7932, windows of at most 16 MiB) read by read as op-node does, by the decoder that it has.
 *
 * That decoder keeps what it has decoded until its ring is full, its input is used up or the stream ends, and forgets it
 * at an error. Which bytes of a broken stream count depends on these moments, on the pieces in which the input comes, and
 * on the sizes that are read; so all of them are the same here.
 *
 * @see github.com/andybalholm/brotli v1.1.0, reader.go and decode.go
 */
export class BrotliReader implements ByteSource {
  readonly #bits: BrotliBits
  readonly #steps: BrotliSteps<void>
  #ring: BrotliRing | null = null
  #end: StreamEnd = null
  #sink: ByteSink | null = null
  /** What the present read may still give. */
  #room = 0
  /** Where the input ends that the decoder was given. */
  #inputEnd = 0
  /** How far it has been taken. */
  #inputAt = 0
  /** Whether the decoder is offered byte after byte to complete what the end of an input cut in two. */
  #byBytes = false
  #isDone = false

  constructor(input: Uint8Array) {
    this.#bits = new BrotliBits(input)
    this.#steps = this.#decode()
  }

  get end(): StreamEnd {
    return this.#end
  }

  read(sink: ByteSink, size: number): number {
    if (this.#end !== null) return 0
    if (!this.#ring?.unwritten && this.#inputAt === this.#inputEnd && !this.#takeInput()) {
      this.#end = this.#isDone ? 'complete' : 'truncated'
      return 0
    }
    this.#sink = sink
    this.#room = size
    for (;;) {
      const pause = this.#advance()
      const given = size - this.#room
      if (pause === 'end') {
        if (this.#inputAt < this.#inputEnd) this.#end = { corrupt: 'bytes after the end of the stream' }
        return given
      }
      if (typeof pause === 'object') {
        this.#end = pause
        return given
      }
      if (pause === 'output' || given > 0) return given
      if (!this.#takeInput()) {
        this.#end = 'truncated'
        return 0
      }
    }
  }

  #takeInput(): boolean {
    const { length } = this.#bits.bytes
    if (this.#inputEnd === length) return false
    this.#inputEnd = Math.min(length, this.#inputEnd + (this.#inputEnd === 0 ? FIRST_INPUT : INPUT_STEP))
    return true
  }

  /** Decodes until it can go no further with this input and this read. */
  #advance(): BrotliPause | 'end' {
    const bits = this.#bits
    if (!this.#byBytes) bits.limit = this.#inputEnd
    let pause: BrotliPause | 'end' = this.#byBytes ? 'input' : this.#step()
    while (pause === 'input') {
      this.#write()
      if (!this.#byBytes) {
        this.#byBytes = bits.pulled < bits.limit
        this.#inputAt = this.#inputEnd
        return 'input'
      }
      if (bits.pulled === bits.limit) {
        this.#byBytes = false
        bits.limit = this.#inputEnd
      } else if (bits.limit < this.#inputEnd) bits.limit++
      else {
        this.#inputAt = this.#inputEnd
        return 'input'
      }
      pause = this.#step()
    }
    if (!this.#byBytes) bits.unload()
    if (pause === 'output') this.#byBytes = false
    this.#inputAt = bits.pulled
    return pause
  }

  #step(): BrotliPause | 'end' {
    if (this.#isDone) return this.#isWritten() ? 'end' : 'output'
    const { value, done } = this.#steps.next()
    if (!done) return value as BrotliPause
    this.#isDone = true
    return 'end'
  }

  #isWritten(): boolean {
    this.#write()
    return !this.#ring?.unwritten
  }

  #write(): void {
    if (this.#ring && this.#sink) this.#room -= this.#ring.write(this.#sink, this.#room)
  }

  *#decode(): BrotliSteps<void> {
    const bits = this.#bits
    const codes = new BrotliCodes()
    const last = new LastDistances()
    const ring = new BrotliRing(yield* readWindowBits(bits))
    this.#ring = ring
    for (;;) {
      const { isLast, kind, length } = yield* readMetaBlockHeader(bits)
      if (kind === 'metadata') yield* skip(bits, length)
      else if (length > 0) {
        ring.plan(length)
        if (kind === 'uncompressed') {
          ring.open()
          yield* this.#store(ring, length)
        } else {
          const block = yield* readMetaBlock(bits, codes)
          ring.open()
          yield* this.#carryOut(ring, new BrotliCommands(bits, codes, ring, { block, last, length }))
        }
      }
      if (isLast) break
    }
    if (!bits.toByte()) yield* corrupt('padding that is not zero')
    while (!this.#isWritten()) yield 'output'
  }

  *#carryOut(ring: BrotliRing, commands: BrotliCommands): BrotliSteps<void> {
    for (;;) {
      const stop = commands.run()
      if (stop === 'end') return
      if (stop === 'ring') yield* this.#empty(ring)
      else yield stop
    }
  }

  *#store(ring: BrotliRing, length: number): BrotliSteps<void> {
    for (let left = length; ; ) {
      const bytes = this.#bits.bytesUpTo(ring.reserve(Math.min(left, ring.bytes.length)))
      ring.bytes.set(bytes, ring.at)
      ring.at += bytes.length
      left -= bytes.length
      if (ring.isBlocked) yield* this.#empty(ring)
      else if (left === 0) return
      else if (bytes.length === 0) yield 'input'
    }
  }

  /** Writes the ring out when it is full; waits for its reader only where decoding cannot go on in it. */
  *#empty(ring: BrotliRing): BrotliSteps<void> {
    this.#write()
    while (ring.isBlocked) {
      yield 'output'
      this.#write()
    }
  }
}

/** @see RFC 7932, section 9.1 */
function* readWindowBits(bits: BrotliBits): BrotliSteps<number> {
  while (!bits.pull(8)) yield 'input'
  if (bits.take(1) === 0) return 16
  const high = bits.take(3)
  if (high > 0) return 17 + high
  const low = bits.take(3)
  if (low === 1) yield* corrupt('a window beyond 16 MiB')
  return low === 0 ? 17 : 8 + low
}

function* skip(bits: BrotliBits, length: number): BrotliSteps<void> {
  for (let left = length; left > 0; ) {
    const count = bits.bytesUpTo(left).length
    left -= count
    if (left > 0 && count === 0) yield 'input'
  }
}
