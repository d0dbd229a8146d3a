import type { ByteSink } from './byteSink.ts'
import type { ByteSource, StreamEnd } from './byteSource.ts'
import { copyBack } from './copyBack.ts'

const WINDOW = 32_768
const MAX_BITS = 15
const END_OF_BLOCK = 256

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = Array.from({ length: 30 }, (_, i) => (i < 2 ? i + 1 : ((2 + (i & 1)) << ((i >> 1) - 1)) + 1))
const DISTANCE_EXTRA = Array.from({ length: 30 }, (_, i) => (i < 2 ? 0 : (i >> 1) - 1))
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Look-up by the next `bits` bits: symbol << 4 | code length; 0 where no code is. No symbol is read from fewer than `least`. */
type CodeTable = { readonly bits: number; readonly least: number; readonly entries: Uint16Array }

function reverseBits(code: number, length: number): number {
  let reversed = 0
  for (let i = 0; i < length; i++) reversed |= ((code >> i) & 1) << (length - 1 - i)
  return reversed
}

/**
 * The table of a canonical Huffman code, or `null` for a code that is over-subscribed or incomplete; as in the
 * implementation that the chains run, one single code of one bit passes, and so does no code at all.
 */
function codeTable(lengths: Uint8Array, least = 0): CodeTable | null {
  const counts = new Uint16Array(MAX_BITS + 1)
  let bits = 0
  for (const length of lengths) {
    counts[length] = (counts[length] as number) + 1
    if (length > bits) bits = length
  }
  if (bits === 0) return { bits: 0, least: 0, entries: new Uint16Array(1) }
  counts[0] = 0
  const next = new Uint16Array(MAX_BITS + 2)
  let code = 0
  for (let length = 1; length <= bits; length++) {
    code <<= 1
    next[length] = code
    code += counts[length] as number
  }
  if (code !== 1 << bits && !(code === 1 && bits === 1)) return null
  const entries = new Uint16Array(1 << bits)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number
    if (length === 0) continue
    const own = next[length] as number
    next[length] = own + 1
    const entry = (symbol << 4) | length
    for (let i = reverseBits(own, length); i < entries.length; i += 1 << length) entries[i] = entry
  }
  return { bits, least, entries }
}

let fixedTables: { literals: CodeTable; distances: CodeTable } | null = null

function fixedCode(): { literals: CodeTable; distances: CodeTable } {
  if (!fixedTables) {
    const lengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288)
    fixedTables = {
      literals: codeTable(lengths) as CodeTable,
      distances: codeTable(new Uint8Array(32).fill(5)) as CodeTable,
    }
  }
  return fixedTables
}

/**
 * Unpacks raw DEFLATE (RFC 1951) read by read as op-node does, by the Go library that it has, in constant memory.
 *
 * What native libraries do not give: when the stream is cut short or corrupt, all that was unpacked before that point is
 * handed out, the last of it by the same read that tells of the end.
 *
 * @see Go 1.22 and later, compress/flate/inflate.go
 */
export class Inflater implements ByteSource {
  readonly #input: Uint8Array
  #at: number
  #bitBuffer = 0
  #bitCount = 0
  readonly #window = new Uint8Array(WINDOW)
  #to = 0
  /** Whether the window has been full once. */
  #isFull = false
  /** Start of what is to be handed out; {@link #due} bytes of it before more is unpacked. */
  #given = 0
  #due = 0
  #finalBlock = false
  #storedLeft = 0
  #copyLeft = 0
  #copyDistance = 0
  #literals: CodeTable | null = null
  #distances: CodeTable | null = null
  /** Met while there are bytes to hand out. */
  #stop: StreamEnd = null
  #end: StreamEnd = null

  constructor(input: Uint8Array, start = 0) {
    this.#input = input
    this.#at = start
  }

  get end(): StreamEnd {
    return this.#end
  }

  /** Offset of the first input byte that the stream did not use; meaningful once it is complete. */
  get position(): number {
    return this.#at - (this.#bitCount >> 3)
  }

  read(sink: ByteSink, size: number): number {
    while (this.#due === 0 && this.#stop === null) {
      this.#unpack()
      if (this.#stop !== null || this.#to === WINDOW) this.#due = this.#to - this.#given
    }
    const count = Math.min(size, this.#due)
    sink.push(this.#window.subarray(this.#given, this.#given + count))
    this.#given += count
    this.#due -= count
    if (this.#due === 0) {
      this.#end = this.#stop
      if (this.#to === WINDOW) {
        this.#to = 0
        this.#given = 0
        this.#isFull = true
      }
    }
    return count
  }

  /** Unpacks until something is to be handed out or the stream ends. */
  #unpack(): void {
    while (this.#stop === null && this.#due === 0 && this.#to < WINDOW) {
      if (this.#copyLeft > 0) this.#copy()
      else if (this.#storedLeft > 0) this.#copyStored()
      else if (this.#literals && this.#distances) this.#copySymbols(this.#literals, this.#distances)
      else if (this.#finalBlock) this.#stop = 'complete'
      else this.#openBlock()
    }
  }

  #need(count: number): boolean {
    while (this.#bitCount < count) {
      const byte = this.#input[this.#at]
      if (byte === undefined) {
        this.#stop = 'truncated'
        return false
      }
      this.#at++
      this.#bitBuffer |= byte << this.#bitCount
      this.#bitCount += 8
    }
    return true
  }

  #take(count: number): number {
    const value = this.#bitBuffer & ((1 << count) - 1)
    this.#bitBuffer >>>= count
    this.#bitCount -= count
    return value
  }

  #corrupt(reason: string): void {
    this.#stop = { corrupt: reason }
  }

  #openBlock(): void {
    if (!this.#need(3)) return
    this.#finalBlock = this.#take(1) === 1
    const type = this.#take(2)
    if (type === 0) this.#openStored()
    else if (type === 1) {
      const { literals, distances } = fixedCode()
      this.#literals = literals
      this.#distances = distances
    } else if (type === 2) this.#openDynamic()
    else this.#corrupt('block type 3')
  }

  #openStored(): void {
    this.#at = this.position
    this.#bitBuffer = 0
    this.#bitCount = 0
    if (!this.#need(16)) return
    const length = this.#take(16)
    if (!this.#need(16)) return
    if (this.#take(16) !== (~length & 0xffff)) {
      this.#corrupt('length of a stored block')
      return
    }
    this.#storedLeft = length
    // Encoders flush with an empty block.
    if (length > 0) return
    this.#due = this.#to - this.#given
    if (this.#finalBlock) this.#stop = 'complete'
  }

  #copyStored(): void {
    const wanted = Math.min(this.#storedLeft, WINDOW - this.#to)
    const bytes = this.#input.subarray(this.#at, this.#at + wanted)
    this.#window.set(bytes, this.#to)
    this.#at += bytes.length
    this.#to += bytes.length
    this.#storedLeft -= bytes.length
    if (bytes.length < wanted) this.#stop = 'truncated'
  }

  /** One symbol of a code, or -1 at the end. */
  #symbol(table: CodeTable): number {
    while (this.#bitCount < table.bits) {
      const byte = this.#input[this.#at]
      if (byte === undefined) break
      this.#at++
      this.#bitBuffer |= byte << this.#bitCount
      this.#bitCount += 8
    }
    const entry = table.entries[this.#bitBuffer & ((1 << table.bits) - 1)] as number
    const length = entry & 15
    if (length === 0 || length > this.#bitCount || this.#bitCount < table.least) {
      if (this.#bitCount < table.bits) this.#stop = 'truncated'
      else this.#corrupt('bits that are no code')
      return -1
    }
    this.#bitBuffer >>>= length
    this.#bitCount -= length
    return entry >> 4
  }

  #openDynamic(): void {
    if (!this.#need(14)) return
    const literalCount = this.#take(5) + 257
    const distanceCount = this.#take(5) + 1
    const codeCount = this.#take(4) + 4
    if (literalCount > 286 || distanceCount > 30) {
      this.#corrupt('too many codes')
      return
    }
    const codeLengths = new Uint8Array(19)
    for (let i = 0; i < codeCount; i++) {
      if (!this.#need(3)) return
      codeLengths[CODE_LENGTH_ORDER[i] as number] = this.#take(3)
    }
    const codes = codeTable(codeLengths)
    if (!codes) {
      this.#corrupt('code lengths')
      return
    }
    const lengths = new Uint8Array(literalCount + distanceCount)
    for (let i = 0; i < lengths.length; ) {
      const symbol = this.#symbol(codes)
      if (symbol < 0) return
      if (symbol < 16) {
        lengths[i++] = symbol
        continue
      }
      if (symbol === 16 && i === 0) {
        this.#corrupt('a repeated length without one before')
        return
      }
      const extra = symbol === 16 ? 2 : symbol === 17 ? 3 : 7
      if (!this.#need(extra)) return
      const count = this.#take(extra) + (symbol === 18 ? 11 : 3)
      if (i + count > lengths.length) {
        this.#corrupt('too many code lengths')
        return
      }
      lengths.fill(symbol === 16 ? (lengths[i - 1] as number) : 0, i, i + count)
      i += count
    }
    // A block ends with its end symbol: op-node looks for no fewer bits than that has.
    const literals = codeTable(lengths.subarray(0, literalCount), lengths[END_OF_BLOCK])
    const distances = codeTable(lengths.subarray(literalCount))
    if (!literals || !distances) {
      this.#corrupt('Huffman code')
      return
    }
    this.#literals = literals
    this.#distances = distances
  }

  #copySymbols(literals: CodeTable, distances: CodeTable): void {
    const window = this.#window
    while (this.#to < WINDOW) {
      const symbol = this.#symbol(literals)
      if (symbol < 0) return
      if (symbol < END_OF_BLOCK) {
        window[this.#to++] = symbol
        continue
      }
      if (symbol === END_OF_BLOCK) {
        this.#literals = null
        this.#distances = null
        return
      }
      const extra = LENGTH_EXTRA[symbol - 257]
      if (extra === undefined) {
        this.#corrupt(`length symbol ${symbol}`)
        return
      }
      if (!this.#need(extra)) return
      const length = (LENGTH_BASE[symbol - 257] as number) + this.#take(extra)
      const distanceSymbol = this.#symbol(distances)
      if (distanceSymbol < 0) return
      const distanceExtra = DISTANCE_EXTRA[distanceSymbol]
      if (distanceExtra === undefined) {
        this.#corrupt(`distance symbol ${distanceSymbol}`)
        return
      }
      if (!this.#need(distanceExtra)) return
      const distance = (DISTANCE_BASE[distanceSymbol] as number) + this.#take(distanceExtra)
      if (distance > (this.#isFull ? WINDOW : this.#to)) {
        this.#corrupt(`distance ${distance} beyond the start`)
        return
      }
      this.#copyLeft = length
      this.#copyDistance = distance
      this.#copy()
    }
  }

  #copy(): void {
    const count = Math.min(this.#copyLeft, WINDOW - this.#to)
    copyBack(this.#window, WINDOW, this.#to, this.#copyDistance, count)
    this.#to += count
    this.#copyLeft -= count
  }
}
