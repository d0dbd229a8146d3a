/**
 * Writes `data/g1Lagrange.bin`: the 4,096 Lagrange points of Ethereum's KZG ceremony as `kzg-wasm` carries them, uncompressed
 * (x ‖ y, 48 bytes each, big endian) and in the bit-reversed order of a blob's field elements.
 *
 * Finding 4,096 square roots takes seconds; the file takes none. Each point is checked to lie on the curve.
 */
import { writeFileSync } from 'node:fs'
import { hexToBytes, writeBigint } from '@keelson/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'
// @ts-expect-error the setup is not part of the typed API
import setup from '../../../node_modules/kzg-wasm/dist/esm/trustedSetup.js'

const COUNT = 4096
const compressed = hexToBytes(`0x${(setup as { g1_lagrange: string }).g1_lagrange.replaceAll(/0x|\s/g, '')}`)
if (compressed.length !== COUNT * 48) throw new Error(`unexpected length ${compressed.length}`)

const reverseBits = (index: number) =>
  Number.parseInt(index.toString(2).padStart(12, '0').split('').reverse().join(''), 2)

const out = new Uint8Array(COUNT * 96)
for (let i = 0; i < COUNT; i++) {
  const point = bls12_381.G1.Point.fromBytes(compressed.slice(i * 48, i * 48 + 48)).toAffine()
  const at = reverseBits(i) * 96
  writeBigint(out, at, point.x, 48)
  writeBigint(out, at + 48, point.y, 48)
}
writeFileSync(new URL('../data/g1Lagrange.bin', import.meta.url), out)
