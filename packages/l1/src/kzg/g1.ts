import { bytesToBigint } from '@keelson/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'

const { Point } = bls12_381.G1
type G1 = InstanceType<typeof Point>
const P: bigint = Point.Fp.ORDER

/** Affine points in columns; `x[i] === null` is infinity. */
type Points = { x: (bigint | null)[]; y: bigint[] }

/**
 * Inverts every entry of `values` (none zero) with one field inversion.
 *
 * @see https://en.wikipedia.org/wiki/Modular_multiplicative_inverse (simultaneous inversion)
 */
export function invertAll(values: bigint[], order: bigint): void {
  const products = new Array<bigint>(values.length)
  let product = 1n
  for (let i = 0; i < values.length; i++) {
    products[i] = product
    product = (product * (values[i] as bigint)) % order
  }
  let inverse = invert(product, order)
  for (let i = values.length - 1; i >= 0; i--) {
    const value = values[i] as bigint
    values[i] = (inverse * (products[i] as bigint)) % order
    inverse = (inverse * value) % order
  }
}

/** Extended Euclid; `value` is not a multiple of the prime `order`. */
export function invert(value: bigint, order: bigint): bigint {
  let [a, b, u, v] = [value, order, 1n, 0n]
  while (a !== 0n) {
    const q = b / a
    ;[b, a] = [a, b - q * a]
    ;[v, u] = [u, v - q * u]
  }
  return v < 0n ? v + order : v
}

/**
 * Adds point `right[i]` to `left[i]` for all i, in place, with one inversion for all of them.
 *
 * Affine addition costs 6 multiplications that way, where projective coordinates cost 11 and more.
 */
function addAll(left: Points, right: Points): void {
  const at: number[] = []
  const divisors: bigint[] = []
  for (let i = 0; i < left.x.length; i++) {
    const rightX = right.x[i] as bigint | null
    const leftX = left.x[i] as bigint | null
    if (rightX === null) continue
    const rightY = right.y[i] as bigint
    if (leftX === null) {
      left.x[i] = rightX
      left.y[i] = rightY
      continue
    }
    const leftY = left.y[i] as bigint
    if (leftX !== rightX) {
      divisors.push(rightX > leftX ? rightX - leftX : rightX - leftX + P)
      at.push(i)
    } else if (leftY === rightY) {
      divisors.push((2n * leftY) % P)
      at.push(i)
    } else {
      left.x[i] = null
    }
  }
  if (at.length === 0) return
  invertAll(divisors, P)
  for (let k = 0; k < at.length; k++) {
    const i = at[k] as number
    const leftX = left.x[i] as bigint
    const leftY = left.y[i] as bigint
    const rightX = right.x[i] as bigint
    // The group has odd order, so a point is never its own negative and equal x here means doubling.
    const rise = leftX === rightX ? 3n * leftX * leftX : (right.y[i] as bigint) - leftY + P
    const slope = (rise * (divisors[k] as bigint)) % P
    const x = (slope * slope + 2n * P - leftX - rightX) % P
    left.x[i] = x
    left.y[i] = (slope * (leftX - x + P) + P - leftY) % P
  }
}

/** Sums the points of each bucket: halves all buckets at once until one point is left in each. */
function sumBuckets(buckets: Points[]): Points {
  for (;;) {
    const left: Points = { x: [], y: [] }
    const right: Points = { x: [], y: [] }
    for (const { x, y } of buckets) {
      for (let i = 0; i + 1 < x.length; i += 2) {
        left.x.push(x[i] as bigint)
        left.y.push(y[i] as bigint)
        right.x.push(x[i + 1] as bigint)
        right.y.push(y[i + 1] as bigint)
      }
    }
    if (left.x.length === 0) break
    addAll(left, right)
    let from = 0
    for (const bucket of buckets) {
      const pairs = bucket.x.length >> 1
      const odd = bucket.x.length % 2 === 1
      const x = left.x.slice(from, from + pairs)
      const y = left.y.slice(from, from + pairs)
      if (odd) {
        x.push(bucket.x[bucket.x.length - 1] as bigint)
        y.push(bucket.y[bucket.y.length - 1] as bigint)
      }
      bucket.x = x
      bucket.y = y
      from += pairs
    }
  }
  return { x: buckets.map((bucket) => bucket.x[0] ?? null), y: buckets.map((bucket) => bucket.y[0] ?? 0n) }
}

/** The window that costs least for `count` points of `bits` bits. */
function windowBits(count: number, bits: number): number {
  let best = 2
  let bestCost = Number.POSITIVE_INFINITY
  for (let c = 2; c <= 12; c++) {
    const cost = Math.ceil((bits + 1) / c) * (count + 2 * 2 ** (c - 1))
    if (cost < bestCost) [best, bestCost] = [c, cost]
  }
  return best
}

/** Reads `count` points of 96 bytes: x ‖ y, big endian. Their place in the subgroup is the file's business. */
export function readPoints(bytes: Uint8Array): { readonly x: readonly bigint[]; readonly y: readonly bigint[] } {
  const x: bigint[] = []
  const y: bigint[] = []
  for (let at = 0; at < bytes.length; at += 96) {
    x.push(bytesToBigint(bytes, at, at + 48))
    y.push(bytesToBigint(bytes, at + 48, at + 96))
  }
  return { x, y }
}

/**
 * The sum of `scalars[i] · points[i]` (Pippenger, signed digits, affine buckets with shared inversions).
 *
 * Zero scalars cost nothing, so a blob that is mostly empty takes a few milliseconds. Not constant time: blobs are public.
 *
 * @param scalars - below 2²⁵⁵
 * @returns the compressed point, 48 bytes
 */
export function multiScalarMul(
  points: { readonly x: readonly bigint[]; readonly y: readonly bigint[] },
  scalars: readonly bigint[],
): Uint8Array {
  return msmPoint(points, scalars).toBytes(true)
}

function msmPoint(
  points: { readonly x: readonly bigint[]; readonly y: readonly bigint[] },
  scalars: readonly bigint[],
): G1 {
  const used: number[] = []
  for (let i = 0; i < scalars.length; i++) if (scalars[i] !== 0n) used.push(i)
  if (used.length === 0) return Point.ZERO
  const bits = 255
  const c = windowBits(used.length, bits)
  const windows = Math.ceil((bits + 1) / c)
  const half = 1 << (c - 1)

  const digits = new Int16Array(used.length * windows)
  for (let k = 0; k < used.length; k++)
    signedDigits(scalars[used[k] as number] as bigint, c, windows, digits, k * windows)

  const sums: Points[] = []
  for (let w = 0; w < windows; w++) {
    const buckets: Points[] = Array.from({ length: half }, () => ({ x: [], y: [] }))
    for (let k = 0; k < used.length; k++) {
      const digit = digits[k * windows + w] as number
      if (digit === 0) continue
      const i = used[k] as number
      const bucket = buckets[Math.abs(digit) - 1] as Points
      bucket.x.push(points.x[i] as bigint)
      bucket.y.push(digit > 0 ? (points.y[i] as bigint) : P - (points.y[i] as bigint))
    }
    sums.push(sumBuckets(buckets))
  }

  // Σ d · bucket[d] in every window at once: from the top bucket down, a running sum is added to the total.
  const running: Points = { x: new Array<bigint | null>(windows).fill(null), y: new Array<bigint>(windows).fill(0n) }
  const total: Points = { x: new Array<bigint | null>(windows).fill(null), y: new Array<bigint>(windows).fill(0n) }
  for (let d = half - 1; d >= 0; d--) {
    addAll(running, { x: sums.map((s) => s.x[d] as bigint | null), y: sums.map((s) => s.y[d] as bigint) })
    addAll(total, running)
  }

  let result: G1 = Point.ZERO
  for (let w = windows - 1; w >= 0; w--) {
    for (let i = 0; i < c && w < windows - 1; i++) result = result.double()
    const x = total.x[w]
    if (x !== null && x !== undefined) result = result.add(Point.fromAffine({ x, y: total.y[w] as bigint }))
  }
  return result
}

/** Digits in [-2^(c-1), 2^(c-1)], least significant first. */
function signedDigits(scalar: bigint, c: number, windows: number, out: Int16Array, from: number): void {
  const mask = (1n << BigInt(c)) - 1n
  const shift = BigInt(c)
  const half = 1 << (c - 1)
  let rest = scalar
  let carry = 0
  for (let w = 0; w < windows; w++) {
    let digit = Number(rest & mask) + carry
    rest >>= shift
    carry = 0
    if (digit > half) {
      digit -= 1 << c
      carry = 1
    }
    out[from + w] = digit
  }
}
