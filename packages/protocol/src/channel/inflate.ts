/** How a compressed stream came to its end. `null` while there may be more. */
export type StreamEnd = 'complete' | 'truncated' | { readonly corrupt: string } | null

const WINDOW = 32_768
/** Bytes given at a time. */
const STEP = 65_536
/** Longest match of DEFLATE. */
const MAX_MATCH = 258
const MAX_BITS = 15

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = Array.from({ length: 30 }, (_, i) => (i < 2 ? i + 1 : ((2 + (i & 1)) << ((i >> 1) - 1)) + 1))
const DISTANCE_EXTRA = Array.from({ length: 30 }, (_, i) => (i < 2 ? 0 : (i >> 1) - 1))
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Look-up by the next `bits` bits: symbol << 4 | code length; 0 where no code is. */
type CodeTable = { readonly bits: number; readonly entries: Uint16Array }

function reverseBits(code: number, length: number): number {
  let reversed = 0
  for (let i = 0; i < length; i++) reversed |= ((code >> i) & 1) << (length - 1 - i)
  return reversed
}

/**
 * The table of a canonical Huffman code, or `null` for a code that is over-subscribed or incomplete; as in the
 * implementation that the chains run, one single code of one bit passes, and so does no code at all.
 */
function codeTable(lengths: Uint8Array): CodeTable | null {
  const counts = new Uint16Array(MAX_BITS + 1)
  let bits = 0
  for (const length of lengths) {
    counts[length] = (counts[length] as number) + 1
    if (length > bits) bits = length
  }
  if (bits === 0) return { bits: 0, entries: new Uint16Array(1) }
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
  return { bits, entries }
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
 * Unpacks raw DEFLATE (RFC 1951) piece by piece, in constant memory.
 *
 * What native libraries do not give: when the stream is cut short or corrupt, every byte that could be unpacked before
 * that point has been handed out. Used where there is no native library, and where the native one failed.
 */
export class Inflater {
  readonly #input: Uint8Array
  #at: number
  #bitBuffer = 0
  #bitCount = 0
  readonly #out = new Uint8Array(WINDOW + STEP + MAX_MATCH)
  #outAt = 0
  /** Start of what was not handed out yet. */
  #given = 0
  #finalBlock = false
  #storedLeft = 0
  #literals: CodeTable | null = null
  #distances: CodeTable | null = null
  #end: StreamEnd = null

  constructor(input: Uint8Array, start = 0) {
    this.#input = input
    this.#at = start
  }

  /** Why {@link pull} gave `null`. */
  get end(): StreamEnd {
    return this.#end
  }

  /** Offset of the first input byte that the stream did not use; meaningful once it is complete. */
  get position(): number {
    return this.#at - (this.#bitCount >> 3)
  }

  /** The next bytes (valid until the next call), or `null` at the end. */
  pull(): Uint8Array | null {
    if (this.#end === null && this.#outAt > STEP) {
      this.#out.copyWithin(0, this.#outAt - WINDOW, this.#outAt)
      this.#outAt = WINDOW
      this.#given = WINDOW
    }
    const limit = WINDOW + STEP
    while (this.#end === null && this.#outAt < limit) {
      if (this.#storedLeft > 0) this.#copyStored(limit)
      else if (this.#literals && this.#distances) this.#copySymbols(this.#literals, this.#distances, limit)
      else if (this.#finalBlock) this.#end = 'complete'
      else this.#openBlock()
    }
    if (this.#given === this.#outAt) return null
    const piece = this.#out.subarray(this.#given, this.#outAt)
    this.#given = this.#outAt
    return piece
  }

  #need(count: number): boolean {
    while (this.#bitCount < count) {
      const byte = this.#input[this.#at]
      if (byte === undefined) {
        this.#end = 'truncated'
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
    this.#end = { corrupt: reason }
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
  }

  #copyStored(limit: number): void {
    const count = Math.min(this.#storedLeft, limit - this.#outAt, this.#input.length - this.#at)
    this.#out.set(this.#input.subarray(this.#at, this.#at + count), this.#outAt)
    this.#at += count
    this.#outAt += count
    this.#storedLeft -= count
    if (this.#storedLeft > 0 && this.#at === this.#input.length) this.#end = 'truncated'
  }

  /** One symbol of a code, or -1 with {@link end} set. */
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
    if (length === 0 || length > this.#bitCount) {
      if (this.#bitCount < table.bits) this.#end = 'truncated'
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
    const literals = codeTable(lengths.subarray(0, literalCount))
    const distances = codeTable(lengths.subarray(literalCount))
    if (!literals || !distances) {
      this.#corrupt('Huffman code')
      return
    }
    this.#literals = literals
    this.#distances = distances
  }

  #copySymbols(literals: CodeTable, distances: CodeTable, limit: number): void {
    const out = this.#out
    while (this.#outAt < limit) {
      const symbol = this.#symbol(literals)
      if (symbol < 0) return
      if (symbol < 256) {
        out[this.#outAt++] = symbol
        continue
      }
      if (symbol === 256) {
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
      const to = this.#outAt
      if (distance > to) {
        this.#corrupt(`distance ${distance} beyond the start`)
        return
      }
      if (distance >= length) out.copyWithin(to, to - distance, to - distance + length)
      else if (distance === 1) out.fill(out[to - 1] as number, to, to + length)
      else for (let i = 0; i < length; i++) out[to + i] = out[to + i - distance] as number
      this.#outAt = to + length
    }
  }
}
