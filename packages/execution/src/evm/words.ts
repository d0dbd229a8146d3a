const MASK_64 = 0xffff_ffff_ffff_ffffn

/** Reads 32 bytes, big endian. */
export function readWord(view: DataView, at: number): bigint {
  const high = view.getBigUint64(at)
  const second = view.getBigUint64(at + 8)
  const third = view.getBigUint64(at + 16)
  const low = view.getBigUint64(at + 24)
  if (high === 0n && second === 0n) return third === 0n ? low : (third << 64n) | low
  return (((high << 64n) | second) << 128n) | (third << 64n) | low
}

/** Writes 32 bytes, big endian. */
export function writeWord(view: DataView, at: number, value: bigint): void {
  if (value <= MASK_64) {
    view.setBigUint64(at, 0n)
    view.setBigUint64(at + 8, 0n)
    view.setBigUint64(at + 16, 0n)
    view.setBigUint64(at + 24, value)
    return
  }
  // The setters take the low 64 bits.
  view.setBigUint64(at, value >> 192n)
  view.setBigUint64(at + 8, value >> 128n)
  view.setBigUint64(at + 16, value >> 64n)
  view.setBigUint64(at + 24, value)
}
