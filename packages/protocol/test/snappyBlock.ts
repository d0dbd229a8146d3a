/** Unpacks a snappy block: just enough to get at the payloads of recorded gossip messages. */
export function unpackSnappyBlock(bytes: Uint8Array): Uint8Array {
  let at = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  const out = new Uint8Array(length)
  let end = 0
  const little = (size: number) => {
    let value = 0
    for (let i = 0; i < size; i++) value |= (bytes[at++] as number) << (8 * i)
    return value
  }
  while (at < bytes.length) {
    const tag = bytes[at++] as number
    const kind = tag & 3
    if (kind === 0) {
      const short = tag >> 2
      const size = 1 + (short < 60 ? short : little(short - 59))
      out.set(bytes.subarray(at, at + size), end)
      at += size
      end += size
      continue
    }
    const size = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2)
    const offset = kind === 1 ? ((tag >> 5) << 8) | (bytes[at++] as number) : little(kind === 2 ? 2 : 4)
    for (let i = 0; i < size; i++, end++) out[end] = out[end - offset] as number
  }
  return out
}
