import { zlibSync } from 'fflate'
import { type BrotliModule, type Compression, streamBrotli } from './compression.ts'
import { streamInflate } from './streamInflate.ts'

let brotliModule: BrotliModule | null = null

function brotli(): BrotliModule {
  if (!brotliModule) throw new Error('brotli is not loaded: await initCompression() first')
  return brotliModule
}

type ZlibLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9

/** The same as in Node without any `node:` module: zlib in JavaScript, brotli in WebAssembly. */
export const compression: Compression = {
  inflateRaw: (input) => streamInflate(input),
  decompressBrotli: (input) => streamBrotli(brotli(), input),
  zlib: (input, level) => zlibSync(input, { level: level as ZlibLevel }),
  brotli: (input, quality) => brotli().compress(input, { quality }),
}

/**
 * Loads what cannot be loaded synchronously in a page: the brotli module, whose `brotli_wasm_bg.wasm` is fetched from
 * beside the bundle. Needed once, before channels of Fjord and later are read or written.
 *
 * @param module - an instance made elsewhere, in place of the fetched one
 */
export async function initCompression(module?: BrotliModule): Promise<void> {
  brotliModule ??= module ?? ((await (await import('brotli-wasm')).default) as unknown as BrotliModule)
}
