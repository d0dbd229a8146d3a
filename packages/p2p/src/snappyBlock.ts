import { compressSync, uncompressSync } from 'snappy'

/** 10 MiB: of a compressed message, and of what comes out of it. */
export const MAX_GOSSIP_SIZE = 10 * (1 << 20)

/** Length that a snappy block says it decodes to; `null` when the varint cannot be read or passes 32 bits. */
export function snappyDecodedLength(data: Uint8Array): number | null {
  let value = 0
  for (let i = 0; i < 5; i++) {
    const byte = data[i]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return value <= 0xffff_ffff ? value : null
  }
  return null
}

/** Decodes a snappy block of at most `maxBytes`; `null` when it is none or too long. Never allocates more. */
export function tryDecodeSnappy(data: Uint8Array, maxBytes = MAX_GOSSIP_SIZE): Uint8Array | null {
  const length = snappyDecodedLength(data)
  if (length === null || length > maxBytes) return null
  try {
    const decoded = uncompressSync(data, { asBuffer: true }) as Buffer
    // A plain view: a Buffer's `slice` does not copy, which callers of Uint8Array rely on.
    return new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.length)
  } catch {
    return null
  }
}

/** Snappy's block format, as gossip has it. */
export const encodeSnappy = (data: Uint8Array): Uint8Array => compressSync(data)
