import { zlibSync } from 'fflate'
import type { BrotliModule, Compression } from './compression.ts'

let brotliModule: BrotliModule | null = null

type ZlibLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9

/** The same as in Node without any `node:` module: nothing native unpacks, and brotli is packed in WebAssembly. */
export const compression: Compression = {
  unzlib: () => null,
  unbrotli: () => null,
  zlib: (input, level) => zlibSync(input, { level: level as ZlibLevel }),
  brotli(input, quality) {
    if (!brotliModule) throw new Error('brotli cannot be packed yet: await initCompression() first')
    return brotliModule.compress(input, { quality })
  },
}

/**
 * Loads what packs brotli in a page, whose `brotli_wasm_bg.wasm` is fetched from beside the bundle. Needed once, before
 * a brotli channel is written; to read one nothing is needed.
 *
 * @param module - an instance made elsewhere, in place of the fetched one
 */
export async function initCompression(module?: BrotliModule): Promise<void> {
  brotliModule ??= module ?? ((await (await import('brotli-wasm')).default) as unknown as BrotliModule)
}
