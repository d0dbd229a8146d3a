/** Keys are three bytes, hashed to a table of this many entries. */
const TABLE_SIZE = 8192
const MAX_DISTANCE = 8191
/** A match of more than this (after the first three bytes) is written in pieces. */
const MAX_MATCH = 262
const MAX_LITERALS = 32

/** Holds, for each hash, where its key was last seen. Reused: it is cleared for each input. */
const table = new Uint32Array(TABLE_SIZE)

const hashOf = (key: number): number => (Math.imul(key, 2654435769) >>> 19) & (TABLE_SIZE - 1)

/** Bytes that a run of literals takes: one length byte for each 32 of them. */
function literalsSize(run: number): number {
  const rest = run % MAX_LITERALS
  return Math.floor(run / MAX_LITERALS) * (MAX_LITERALS + 1) + (rest === 0 ? 0 : rest + 1)
}

/** Bytes that a back reference takes. */
function matchSize(length: number): number {
  const more = length - 1
  return Math.floor(more / MAX_MATCH) * 3 + (more % MAX_MATCH >= 6 ? 3 : 2)
}

/**
 * Length that FastLZ (level 1) would compress `data` to; what the fee rules of Fjord and Jovian measure.
 * Equal to the C implementation's, of which only the length is computed here.
 *
 * @see specs/protocol/fjord/exec-engine.md#fastlz-implementation
 */
export function fastLzSize(data: Uint8Array): number {
  const length = data.length
  table.fill(0)
  const keyAt = (i: number): number =>
    (data[i] as number) | ((data[i + 1] as number) << 8) | ((data[i + 2] as number) << 16)
  // The last 13 bytes are not searched.
  const searchEnd = length < 13 ? 0 : length - 13
  let size = 0
  let literalsFrom = 0
  let at = 2
  while (at < searchEnd) {
    let candidate = 0
    let found = false
    while (at < searchEnd) {
      const key = keyAt(at)
      const slot = hashOf(key)
      candidate = table[slot] as number
      table[slot] = at
      if (at - candidate <= MAX_DISTANCE && key === keyAt(candidate)) {
        found = true
        break
      }
      at++
    }
    // The reference gives up when its cursor, already moved past the match, reaches the end.
    if (!found || at + 1 >= searchEnd) break
    if (at > literalsFrom) size += literalsSize(at - literalsFrom)
    let run = 0
    const limit = searchEnd + 9 - (at + 3)
    while (run < limit) {
      run++
      if (data[candidate + 2 + run] !== data[at + 2 + run]) break
    }
    size += matchSize(run)
    at += run
    table[hashOf(keyAt(at))] = at
    at++
    table[hashOf(keyAt(at))] = at
    at++
    literalsFrom = at
  }
  return size + literalsSize(length - literalsFrom)
}
