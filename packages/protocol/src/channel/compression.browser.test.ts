import { createRequire } from 'node:module'
import { brotliCompressSync, brotliDecompressSync, deflateRawSync, inflateSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes } from '../bytes.ts'
import { compression, initCompression } from './compression.browser.ts'
import { compression as native } from './compression.node.ts'
import type { BrotliModule, Decompressor } from './compression.ts'

const text = new TextEncoder().encode('the same bytes on every platform, '.repeat(5_000))

function drain(stream: Decompressor): { bytes: Uint8Array; end: Decompressor['end'] } {
  const pieces: Uint8Array[] = []
  for (let piece = stream.pull(); piece; piece = stream.pull()) pieces.push(piece.slice())
  return { bytes: concatBytes(...pieces), end: stream.end }
}

describe('compression without node modules', () => {
  beforeAll(() => initCompression(createRequire(import.meta.url)('brotli-wasm') as BrotliModule))

  it('[DER-100] unpacks zlib as Node does', () => {
    const packed = deflateRawSync(text)
    expect(drain(compression.inflateRaw(packed, 1e6))).toEqual(
      drain(native.inflateRaw(concatBytes(packed, new Uint8Array(4)), 1e6)),
    )
    expect(drain(compression.inflateRaw(packed, 1e6)).bytes).toEqual(text)
  })

  it('[DER-103] unpacks brotli as Node does', () => {
    const packed = brotliCompressSync(text)
    expect(drain(compression.decompressBrotli(packed, 1e6))).toEqual(drain(native.decompressBrotli(packed, 1e6)))
    expect(drain(compression.decompressBrotli(packed, 1e6)).bytes).toEqual(text)
  })

  it('[DER-106] tells cut and corrupt brotli streams apart', () => {
    const packed = brotliCompressSync(text)
    expect(drain(compression.decompressBrotli(packed.subarray(0, 20), 1e6)).end).toBe('truncated')
    const corrupt = Uint8Array.from(packed, (byte, i) => (i > 4 ? byte ^ 0xff : byte))
    expect(drain(compression.decompressBrotli(corrupt, 1e6)).end).not.toBe('complete')
  })

  it('packs what Node unpacks', () => {
    expect(Buffer.compare(inflateSync(compression.zlib(text, 9)), text)).toBe(0)
    expect(Buffer.compare(brotliDecompressSync(compression.brotli(text, 9)), text)).toBe(0)
  })
})
