import { NobleBLS, NobleBN254 } from '@ethereumjs/evm'
import { bigintToBytes, bytesToHex, concatBytes } from '@keelson/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { p256 } from '@noble/curves/nist.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { type WasmPrecompiles, wasmPrecompiles } from './wasmPrecompiles.ts'

let curves: WasmPrecompiles
beforeAll(async () => {
  curves = await wasmPrecompiles()
})

const word = (value: bigint) => bigintToBytes(value, 32)
const outcome = (run: () => Uint8Array): string => {
  try {
    return bytesToHex(run())
  } catch {
    return 'fails'
  }
}

/** Scalars of all sizes, the same in every run. */
function* scalars(): Generator<bigint> {
  let value = 3n
  for (;;) {
    yield value
    value = (value * 0x5851f42d4c957f2d14057b7ef767814fn + 1n) & ((1n << 256n) - 1n)
  }
}
const numbers = scalars()
const next = (): bigint => numbers.next().value as bigint

type Inputs = readonly (readonly [string, Uint8Array])[]

describe('bn254 precompiles', () => {
  const reference = new NobleBN254()
  const { Fp, Fp2, Fr } = bn254.fields
  const g1 = (k: bigint) => {
    const { x, y } = bn254.G1.Point.BASE.multiply(k).toAffine()
    return concatBytes(word(x), word(y))
  }
  const g2 = (k: bigint) => {
    const { x, y } = bn254.G2.Point.BASE.multiply(k).toAffine()
    return concatBytes(word(x.c1), word(x.c0), word(y.c1), word(y.c0))
  }
  const minus = (k: bigint) => Fr.ORDER - k
  const INFINITY_1 = new Uint8Array(64)
  const INFINITY_2 = new Uint8Array(128)
  const P = Fp.ORDER

  /** On the twist, not in the subgroup: y² = x³ + 3/(9 + i). */
  const outside = (() => {
    const b = Fp2.div(Fp2.fromBigTuple([3n, 0n]), Fp2.fromBigTuple([9n, 1n]))
    for (let i = 1n; ; i++) {
      const x = Fp2.fromBigTuple([i, 0n])
      try {
        const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b))
        return concatBytes(word(x.c1), word(x.c0), word(y.c1), word(y.c0))
      } catch {}
    }
  })()

  const additions: Inputs = [
    ['two points', concatBytes(g1(2n), g1(3n))],
    ['a point to itself', concatBytes(g1(2n), g1(2n))],
    ['a point to its opposite', concatBytes(g1(2n), g1(minus(2n)))],
    ['a point to infinity', concatBytes(INFINITY_1, g1(5n))],
    ['infinity to a point', concatBytes(g1(5n), INFINITY_1)],
    ['infinities', concatBytes(INFINITY_1, INFINITY_1)],
    ['nothing', new Uint8Array(0)],
    ['half of the input', g1(9n)],
    ['a point off the curve', concatBytes(word(1n), word(1n), INFINITY_1)],
    ['an x of zero', concatBytes(word(0n), word(1n), INFINITY_1)],
    ['an x of the modulus', concatBytes(word(P), word(0n), INFINITY_1)],
    ['an x above the modulus', concatBytes(word(P + 1n), word(2n), INFINITY_1)],
    ['a y above the modulus', concatBytes(word(1n), word(P + 2n), INFINITY_1)],
    ...Array.from({ length: 5 }, (): [string, Uint8Array] => [
      'random points',
      concatBytes(g1(next() % Fr.ORDER), g1(next() % Fr.ORDER)),
    ]),
  ]
  it.each(additions)('add %s as EthereumJS does', (_, input) => {
    expect(outcome(() => curves.bn254.add(input))).toBe(
      outcome(() => reference.add(concatBytes(input, new Uint8Array(128)).subarray(0, 128))),
    )
  })

  const products = [
    0n,
    1n,
    2n,
    12345678901234567890n,
    minus(1n),
    minus(0n),
    minus(0n) + 7n,
    2n ** 256n - 1n,
    next(),
    next(),
  ]
  it.each(products)('multiply by %s as EthereumJS does', (scalar) => {
    for (const point of [g1(7n), INFINITY_1, concatBytes(word(1n), word(1n)), g1(next() % Fr.ORDER)]) {
      const input = concatBytes(point, word(scalar))
      expect(outcome(() => curves.bn254.mul(input))).toBe(outcome(() => reference.mul(input)))
    }
  })

  const pairings: Inputs = [
    ['nothing', new Uint8Array(0)],
    ['e(2P, 3Q) e(-6P, Q)', concatBytes(g1(2n), g2(3n), g1(minus(6n)), g2(1n))],
    ['e(2P, 3Q) e(-5P, Q)', concatBytes(g1(2n), g2(3n), g1(minus(5n)), g2(1n))],
    ['infinities', concatBytes(INFINITY_1, g2(3n), g1(2n), INFINITY_2)],
    ['infinity beside a product of one', concatBytes(g1(2n), g2(3n), INFINITY_1, g2(9n), g1(minus(6n)), g2(1n))],
    ['one pair', concatBytes(g1(1n), g2(1n))],
    ['a point on the twist outside the subgroup', concatBytes(g1(1n), outside)],
    ['such a point with infinity', concatBytes(INFINITY_1, outside)],
    ['a point off the twist', concatBytes(g1(1n), word(1n), word(0n), word(1n), word(1n))],
    ['a coordinate too large', concatBytes(g1(1n), g2(1n).fill(255, 0, 32))],
    ['a first point off the curve', concatBytes(word(1n), word(1n), g2(1n))],
  ]
  it.each(pairings)('pair %s as EthereumJS does', (_, input) => {
    expect(outcome(() => curves.bn254.pairing(input))).toBe(outcome(() => reference.pairing(input)))
  })

  it.each([31, 32, 33, 65, 100])('pair %i pairs whose product is one, and not with one changed', (count) => {
    const factors = Array.from({ length: count - 1 }, (_, i) => BigInt(i + 2))
    const sum = factors.reduce((all, k) => all + k * (k + 1n), 0n)
    const pairs = factors.map((k) => concatBytes(g1(k), g2(k + 1n)))
    const input = concatBytes(...pairs, g1(minus(sum)), g2(1n))
    expect(curves.bn254.pairing(input).at(-1)).toBe(1)
    input.set(g1(minus(sum + 1n)), input.length - 192)
    expect(curves.bn254.pairing(input).at(-1)).toBe(0)
  })
})

describe('bls12-381 precompiles', () => {
  const reference = new NobleBLS()
  const { Fp, Fp2, Fr } = bls12_381.fields
  const fp = (value: bigint) => bigintToBytes(value, 64)
  const g1Bytes = ({ x, y }: { x: bigint; y: bigint }) => concatBytes(fp(x), fp(y))
  const g1 = (k: bigint) => g1Bytes(bls12_381.G1.Point.BASE.multiply(k).toAffine())
  const g2Bytes = ({ x, y }: { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } }) =>
    concatBytes(fp(x.c0), fp(x.c1), fp(y.c0), fp(y.c1))
  const g2 = (k: bigint) => g2Bytes(bls12_381.G2.Point.BASE.multiply(k).toAffine())
  const minus = (k: bigint) => Fr.ORDER - k
  const INFINITY_1 = new Uint8Array(128)
  const INFINITY_2 = new Uint8Array(256)
  const P = Fp.ORDER

  /** On the curve, not in the subgroup. */
  const outside1 = (() => {
    for (let x = 1n; ; x++) {
      try {
        return g1Bytes({ x, y: Fp.sqrt(Fp.add(Fp.pow(x, 3n), 4n)) })
      } catch {}
    }
  })()
  const outside2 = (() => {
    for (let i = 1n; ; i++) {
      const x = Fp2.fromBigTuple([i, 0n])
      try {
        return g2Bytes({ x, y: Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n]))) })
      } catch {}
    }
  })()
  const off1 = concatBytes(fp(1n), fp(1n))
  const off2 = concatBytes(fp(1n), fp(1n), fp(1n), fp(1n))
  const large1 = concatBytes(fp(P), fp(2n))
  const large2 = concatBytes(fp(1n), fp(P + 3n), fp(1n), fp(1n))

  const points1: Inputs = [
    ['a point', g1(2n)],
    ['its opposite', g1(minus(2n))],
    ['infinity', INFINITY_1],
    ['a point outside the subgroup', outside1],
    ['a point off the curve', off1],
    ['a coordinate too large', large1],
  ]
  const points2: Inputs = [
    ['a point', g2(2n)],
    ['its opposite', g2(minus(2n))],
    ['infinity', INFINITY_2],
    ['a point outside the subgroup', outside2],
    ['a point off the twist', off2],
    ['a coordinate too large', large2],
  ]
  const pairsOf = (points: Inputs): Inputs =>
    points.flatMap(([a, left]) =>
      points.map(([b, right]): [string, Uint8Array] => [`${a} and ${b}`, concatBytes(left, right)]),
    )

  it.each(pairsOf(points1))('add in G1 %s as EthereumJS does', (_, input) => {
    expect(outcome(() => curves.bls.addG1(input))).toBe(outcome(() => reference.addG1(input)))
  })
  it.each(pairsOf(points2))('add in G2 %s as EthereumJS does', (_, input) => {
    expect(outcome(() => curves.bls.addG2(input))).toBe(outcome(() => reference.addG2(input)))
  })

  const factors = [0n, 1n, minus(0n), minus(0n) + 5n, 2n ** 256n - 1n, next()]
  it.each(points1)('multiply in G1 %s as EthereumJS does', (_, point) => {
    for (const factor of factors) {
      const input = concatBytes(point, word(factor))
      expect(outcome(() => curves.bls.msmG1(input))).toBe(outcome(() => reference.msmG1(input)))
    }
  })
  it.each(points2)('multiply in G2 %s as EthereumJS does', (_, point) => {
    for (const factor of factors) {
      const input = concatBytes(point, word(factor))
      expect(outcome(() => curves.bls.msmG2(input))).toBe(outcome(() => reference.msmG2(input)))
    }
  })

  it.each([2, 3, 16, 40])(
    'sum up %i products as EthereumJS does, with infinities and equal points among them',
    (count) => {
      const first = Array.from({ length: count }, (_, i) =>
        concatBytes(i % 5 === 1 ? INFINITY_1 : g1(BigInt((i >> 1) + 1)), word(i % 7 === 2 ? 0n : next())),
      )
      expect(outcome(() => curves.bls.msmG1(concatBytes(...first)))).toBe(
        outcome(() => reference.msmG1(concatBytes(...first))),
      )
      const second = Array.from({ length: count }, (_, i) =>
        concatBytes(i % 5 === 1 ? INFINITY_2 : g2(BigInt((i >> 1) + 1)), word(i % 7 === 2 ? 0n : next())),
      )
      expect(outcome(() => curves.bls.msmG2(concatBytes(...second)))).toBe(
        outcome(() => reference.msmG2(concatBytes(...second))),
      )
    },
  )

  it.each([3_211, 1_000])('sum up %i products, as many as the longest input holds', (count) => {
    const part = (point: Uint8Array) =>
      concatBytes(...Array.from({ length: count }, (_, i) => concatBytes(point, word(BigInt(i + 1)))))
    const sum = (BigInt(count) * BigInt(count + 1)) / 2n
    expect(bytesToHex(curves.bls.msmG1(part(g1(3n))))).toBe(bytesToHex(g1(3n * sum)))
    expect(bytesToHex(curves.bls.msmG2(part(g2(3n)).subarray(0, 1_696 * 288)))).toBe(
      bytesToHex(g2(3n * (count > 1_696 ? (1_696n * 1_697n) / 2n : sum))),
    )
  })

  const pairings: Inputs = [
    ['e(2P, 3Q) e(-6P, Q)', concatBytes(g1(2n), g2(3n), g1(minus(6n)), g2(1n))],
    ['e(2P, 3Q) e(-5P, Q)', concatBytes(g1(2n), g2(3n), g1(minus(5n)), g2(1n))],
    ...points1.map(([name, point]): [string, Uint8Array] => [`${name} with a point of G2`, concatBytes(point, g2(1n))]),
    ...points2.map(([name, point]): [string, Uint8Array] => [`a point of G1 with ${name}`, concatBytes(g1(1n), point)]),
    ['infinities', concatBytes(INFINITY_1, g2(3n), g1(2n), INFINITY_2)],
  ]
  it.each(pairings)('pair %s as EthereumJS does', (_, input) => {
    expect(outcome(() => curves.bls.pairingCheck(input))).toBe(outcome(() => reference.pairingCheck(input)))
  })

  const elements = [0n, 1n, 12345n, P - 1n, P, P + 1n, next() % P, next() ** 2n % P]
  it.each(elements)('map %s as EthereumJS does', (element) => {
    expect(outcome(() => curves.bls.mapFPtoG1(fp(element)))).toBe(outcome(() => reference.mapFPtoG1(fp(element))))
    for (const input of [concatBytes(fp(element), fp(7n)), concatBytes(fp(0n), fp(element))]) {
      expect(outcome(() => curves.bls.mapFP2toG2(input))).toBe(outcome(() => reference.mapFP2toG2(input)))
    }
  })
})

describe('the point evaluation precompile', () => {
  const { G1, fields } = bls12_381
  const BASE = G1.Point.BASE
  const INFINITY = `c0${'00'.repeat(47)}`
  /** The commitment to the polynomial x is [τ]G1; the quotient of x − z by itself is 1, whose commitment is G1. */
  const TAU_G1 = 'ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81'
  const scalar = (value: bigint) => bytesToHex(word(value))
  const commit = (point: typeof BASE) => `0x${point.toHex(true)}` as const
  const evaluate = (commitment: string, z: bigint, y: bigint, proof: string): boolean | 'bad' => {
    try {
      return curves.verifyProof(commitment, scalar(z), scalar(y), proof)
    } catch (error) {
      expect(String(error)).toContain('C_KZG_BADARGS')
      return 'bad'
    }
  }

  it('accepts every value of the polynomial x, and no other', () => {
    for (const z of [0n, 1n, next() % fields.Fr.ORDER, fields.Fr.ORDER - 1n]) {
      expect(evaluate(`0x${TAU_G1}`, z, z, commit(BASE))).toBe(true)
      expect(evaluate(`0x${TAU_G1}`, z, (z + 1n) % fields.Fr.ORDER, commit(BASE))).toBe(false)
      expect(evaluate(`0x${TAU_G1}`, z, z, commit(BASE.double()))).toBe(false)
    }
  })

  it('accepts a constant, whose proof is infinity', () => {
    expect(evaluate(commit(BASE.multiply(9n)), 5n, 9n, `0x${INFINITY}`)).toBe(true)
    expect(evaluate(commit(BASE.multiply(9n)), 5n, 8n, `0x${INFINITY}`)).toBe(false)
    expect(evaluate(`0x${INFINITY}`, 5n, 0n, `0x${INFINITY}`)).toBe(true)
    expect(evaluate(`0x${INFINITY}`, 0n, 0n, commit(BASE))).toBe(false)
    expect(evaluate(commit(BASE.multiply(9n)), 0n, 9n, commit(BASE))).toBe(false)
  })

  it('refuses what is no field element and no point of the subgroup', () => {
    const { ORDER } = fields.Fr
    expect(evaluate(`0x${TAU_G1}`, ORDER, 0n, commit(BASE))).toBe('bad')
    expect(evaluate(`0x${TAU_G1}`, 0n, ORDER, commit(BASE))).toBe('bad')
    const withFlags = (flags: number, rest: string) => `0x${flags.toString(16).padStart(2, '0')}${rest}`
    const rest = TAU_G1.slice(2)
    expect(evaluate(withFlags(0x2d, rest), 3n, 3n, commit(BASE))).toBe('bad')
    expect(evaluate(withFlags(0x8d, rest), 3n, 3n, commit(BASE))).toBe(false)
    expect(evaluate(withFlags(0xe0, '00'.repeat(47)), 5n, 0n, `0x${INFINITY}`)).toBe('bad')
    expect(evaluate(withFlags(0xc0, '01'.repeat(47)), 5n, 0n, `0x${INFINITY}`)).toBe('bad')
    expect(evaluate(`0x9a${fields.Fp.ORDER.toString(16).padStart(96, '0').slice(2)}`, 5n, 0n, commit(BASE))).toBe('bad')
    // On the curve, not in the subgroup; then no x of the curve.
    const xs = Array.from({ length: 12 }, (_, x) => withFlags(0x80, x.toString(16).padStart(94, '0')))
    expect(xs.map((point) => evaluate(point, 3n, 3n, commit(BASE)))).toEqual(xs.map(() => 'bad'))
  })
})

describe('the P-256 precompile', () => {
  const N = p256.Point.Fn.ORDER
  const P = p256.Point.Fp.ORDER
  const sign = (hash: Uint8Array, secret: Uint8Array) =>
    concatBytes(
      hash,
      p256.sign(hash, secret, { prehash: false, lowS: false }),
      p256.getPublicKey(secret, false).subarray(1),
    )
  const at = (input: Uint8Array, offset: number, value: bigint) => {
    const copy = input.slice()
    copy.set(word(value), offset)
    return copy
  }

  it('accepts signatures of any s, and none with a bit changed', () => {
    for (let i = 0; i < 20; i++) {
      const input = sign(word(next()), word((next() % (N - 1n)) + 1n))
      expect(curves.p256Verify(input)).toBe(true)
      const s = BigInt(bytesToHex(input.subarray(64, 96)))
      expect(curves.p256Verify(at(input, 64, N - s))).toBe(true)
      const changed = input.slice()
      changed[i * 8] = (changed[i * 8] as number) ^ 1
      expect(curves.p256Verify(changed)).toBe(false)
    }
  })

  it('takes hashes of zero and above the order as they are', () => {
    for (const hash of [0n, N, N + 1n, 2n ** 256n - 1n]) {
      expect(curves.p256Verify(sign(word(hash), word(77n)))).toBe(true)
    }
  })

  it('refuses numbers out of range, points that are none, and other lengths', () => {
    const good = sign(word(5n), word(99n))
    const r = BigInt(bytesToHex(good.subarray(32, 64)))
    const [x, y] = [96, 128].map((offset) => BigInt(bytesToHex(good.subarray(offset, offset + 32)))) as [bigint, bigint]
    const bad = [
      at(good, 32, 0n),
      at(good, 64, 0n),
      at(good, 32, N),
      at(good, 64, N),
      at(good, 32, r + 1n),
      at(good, 96, x + 1n),
      at(good, 128, P - y),
      at(at(good, 96, 0n), 128, 0n),
      at(good, 96, P),
      at(good, 128, 2n ** 256n - 1n),
      good.subarray(0, 159),
      concatBytes(good, Uint8Array.of(0)),
      new Uint8Array(0),
    ]
    expect(bad.map((input) => curves.p256Verify(input))).toEqual(bad.map(() => false))
  })

  it('refuses a signature whose sum of points is infinity', () => {
    // With the generator as the key and r = −hash the two products cancel out.
    const { x, y } = p256.Point.BASE.toAffine()
    expect(curves.p256Verify(concatBytes(word(5n), word(N - 5n), word(1n), word(x), word(y)))).toBe(false)
  })

  it('compares r with x modulo the order', () => {
    // u1 = 0 and u2 = r/s: the sum is the key times r/s; with s = r it is the key itself.
    const key = p256.Point.BASE.multiply(12345n).toAffine()
    const r = key.x % N
    expect(curves.p256Verify(concatBytes(word(0n), word(r), word(r), word(key.x), word(key.y)))).toBe(true)
  })
})
