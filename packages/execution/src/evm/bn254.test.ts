import { NobleBN254 } from '@ethereumjs/evm'
import { bigintToBytes, bytesToHex, concatBytes } from '@keelson/protocol'
import { bn254 } from '@noble/curves/bn254.js'
import { describe, expect, it } from 'vitest'
import { bn254Precompiles } from './bn254.ts'

const reference = new NobleBN254()
const word = (value: bigint) => bigintToBytes(value, 32)
const g1 = (k: bigint) => {
  const { x, y } = bn254.G1.Point.BASE.multiply(k).toAffine()
  return concatBytes(word(x), word(y))
}
const g2 = (k: bigint) => {
  const { x, y } = bn254.G2.Point.BASE.multiply(k).toAffine()
  return concatBytes(word(x.c1), word(x.c0), word(y.c1), word(y.c0))
}
const minus = (k: bigint) => bn254.fields.Fr.ORDER - k
const outcome = (run: () => Uint8Array) => {
  try {
    return bytesToHex(run())
  } catch {
    return 'fails'
  }
}

const INFINITY_1 = new Uint8Array(64)
const INFINITY_2 = new Uint8Array(128)
const P = bn254.fields.Fp.ORDER
/** On the twist, not in the subgroup: x = (0, 1) has a y there or the point is off the curve; refused either way. */
const OUTSIDE = concatBytes(word(1n), word(0n), word(1n), word(1n))

describe('bn254 precompiles', () => {
  const additions = [
    concatBytes(g1(2n), g1(3n)),
    concatBytes(g1(2n), g1(2n)),
    concatBytes(g1(2n), g1(minus(2n))),
    concatBytes(INFINITY_1, g1(5n)),
    concatBytes(INFINITY_1, INFINITY_1),
    concatBytes(word(1n), word(1n), INFINITY_1),
    concatBytes(word(P + 1n), word(2n), INFINITY_1),
  ]
  it.each(additions)('add as EthereumJS does (%#)', (input) => {
    expect(outcome(() => bn254Precompiles.add(input))).toBe(outcome(() => reference.add(input)))
  })

  const products = [0n, 1n, 2n, 12345678901234567890n, minus(1n), minus(0n), minus(0n) + 7n, 2n ** 256n - 1n]
  it.each(products)('multiply by %s as EthereumJS does', (scalar) => {
    for (const point of [g1(7n), INFINITY_1, concatBytes(word(1n), word(1n))]) {
      const input = concatBytes(point, word(scalar))
      expect(outcome(() => bn254Precompiles.mul(input))).toBe(outcome(() => reference.mul(input)))
    }
  })

  const pairings: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', new Uint8Array(0)],
    ['e(2P, 3Q) e(-6P, Q)', concatBytes(g1(2n), g2(3n), g1(minus(6n)), g2(1n))],
    ['e(2P, 3Q) e(-5P, Q)', concatBytes(g1(2n), g2(3n), g1(minus(5n)), g2(1n))],
    ['infinities', concatBytes(INFINITY_1, g2(3n), g1(2n), INFINITY_2)],
    ['one pair', concatBytes(g1(1n), g2(1n))],
    ['a point outside', concatBytes(g1(1n), OUTSIDE)],
    ['a coordinate too large', concatBytes(g1(1n), g2(1n).fill(255, 0, 32))],
    ['a first point off the curve', concatBytes(word(1n), word(1n), g2(1n))],
  ]
  it.each(pairings)('pair %s as EthereumJS does, twice', (_, input) => {
    const expected = outcome(() => reference.pairing(input))
    expect(outcome(() => bn254Precompiles.pairing(input))).toBe(expected)
    expect(outcome(() => bn254Precompiles.pairing(input))).toBe(expected)
  })
})
