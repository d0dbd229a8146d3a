import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { brotliCompressSync, brotliDecompressSync, deflateSync, inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../bytes.ts'
import { compression, initCompression } from './compression.browser.ts'
import { compression as native } from './compression.node.ts'
import type { BrotliModule } from './compression.ts'

const text = new TextEncoder().encode('the same bytes on every platform, '.repeat(5_000))
/** Does not compress. */
const noise = concatBytes(...Array.from({ length: 400 }, (_, i) => createHash('sha256').update(`${i}`).digest()))

describe('compression in Node', () => {
  it('[DER-100] unpacks zlib that is good down to its checksum, and nothing else', () => {
    const packed = deflateSync(noise)
    expect(native.unzlib(packed, 1e6)).toEqual(noise)
    expect(native.unzlib(concatBytes(packed, Uint8Array.of(1, 2, 3)), 1e6)).toEqual(noise)
    expect(native.unzlib(packed, noise.length - 1)).toBeNull()
    expect(native.unzlib(packed.subarray(0, -1), 1e6)).toBeNull()
    expect(native.unzlib(concatBytes(packed.subarray(0, -1), Uint8Array.of(0)), 1e6)).toBeNull()
  })

  it('[DER-103] unpacks brotli that is good to its last byte, and nothing else', () => {
    const packed = brotliCompressSync(noise)
    expect(native.unbrotli(packed, 1e6)).toEqual(noise)
    expect(native.unbrotli(concatBytes(packed, Uint8Array.of(0)), 1e6)).toBeNull()
    expect(native.unbrotli(packed, noise.length - 1)).toBeNull()
    expect(native.unbrotli(packed.subarray(0, -1), 1e6)).toBeNull()
  })

  it('unpacks no bomb: that is left to what unpacks no more than is read', () => {
    const packed = deflateSync(new Uint8Array(200_000))
    expect(native.unzlib(packed, 1e6)).toBeNull()
  })

  it('leaves small brotli streams to what takes no window for them', () => {
    expect(native.unbrotli(brotliCompressSync(text), 1e6)).toBeNull()
  })
})

describe('compression without node modules', () => {
  it('unpacks nothing at once', () => {
    expect(compression.unzlib(deflateSync(text), 1e6)).toBeNull()
    expect(compression.unbrotli(brotliCompressSync(noise), 1e6)).toBeNull()
  })

  it('packs what Node unpacks', async () => {
    expect(Buffer.compare(inflateSync(compression.zlib(text, 9)), text)).toBe(0)
    expect(() => compression.brotli(text, 9)).toThrow('initCompression')
    await initCompression(createRequire(import.meta.url)('brotli-wasm') as BrotliModule)
    expect(Buffer.compare(brotliDecompressSync(compression.brotli(text, 9)), text)).toBe(0)
  })
})
