import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { browserBundle } from '../packages/derive/test/browser/browserBundle.ts'

/** `npm run sizes`: how many bytes a page loads for what it imports. Printed only. */
const BUNDLES: readonly (readonly [name: string, entry: string])[] = [
  ['protocol, everything', `export * from '@keelson/protocol'`],
  [
    'protocol, decode only',
    `export { tryDecodeFrames, readChannelBatches, deriveSpanBatch, decodeBlob } from '@keelson/protocol'`,
  ],
  ['protocol, one codec (deposits)', `export { decodeDepositTx, encodeDepositTx } from '@keelson/protocol'`],
  ['derive, the whole pipeline', `export * from '@keelson/derive'`],
]

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(11)

console.log(`${''.padEnd(32)}${'minified'.padStart(11)}${'gzip'.padStart(11)}${'brotli'.padStart(11)}`)
for (const [name, entry] of BUNDLES) {
  const { code } = await browserBundle(entry, 'packages/derive', true)
  const sizes = [Buffer.byteLength(code), gzipSync(code, { level: 9 }).length, brotliCompressSync(code).length]
  console.log(`${name.padEnd(32)}${sizes.map(kib).join('')}`)
}
const wasm = join(dirname(createRequire(import.meta.url).resolve('brotli-wasm')), 'pkg.web/brotli_wasm_bg.wasm')
console.log(
  `\nTo write brotli channels needs brotli_wasm_bg.wasm too, fetched at run time: ${kib(statSync(wasm).size).trim()}.`,
)
