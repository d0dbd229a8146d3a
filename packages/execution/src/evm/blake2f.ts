const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
] as const

const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
]

/** Columns, then diagonals. */
const MIXED = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/** Opcodes of WebAssembly. */
const OP = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  br: 0x0c,
  brIf: 0x0d,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  load: [0x29, 3],
  store: [0x37, 3],
  i32: 0x41,
  i64: 0x42,
  isZero: 0x45,
  subtract32: 0x6b,
  add: 0x7c,
  xor: 0x85,
  rotateRight: 0x8a,
  extend: 0xac,
}

/** LEB128 without and with sign. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return [...bytes, value]
}
function signed(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = BigInt.asIntN(64, value); ; ) {
    const byte = Number(rest & 0x7fn)
    rest >>= 7n
    if ((rest === 0n && byte < 0x40) || (rest === -1n && byte >= 0x40)) return [...bytes, byte]
    bytes.push(byte | 0x80)
  }
}

// Where the input of the precompile lies in memory: state, message, offset, in words of 8 bytes.
const MESSAGE = 8
const OFFSET = 24
// Parameters, then the working vector.
const ROUNDS = 0
const FINAL = 1
const vector = (i: number): number => 2 + i

const loadWord = (index: number): number[] => [OP.i32, 0, ...OP.load, ...unsigned(8 * index)]

function mix([a, b, c, d]: readonly [number, number, number, number], x: number, y: number): number[] {
  const [va, vb, vc, vd] = [vector(a), vector(b), vector(c), vector(d)]
  const half = (word: number, turnD: bigint, turnB: bigint): number[] => [
    ...[OP.get, va, OP.get, vb, OP.add, ...loadWord(MESSAGE + word), OP.add, OP.tee, va],
    ...[OP.get, vd, OP.xor, OP.i64, ...signed(turnD), OP.rotateRight, OP.tee, vd],
    ...[OP.get, vc, OP.add, OP.tee, vc],
    ...[OP.get, vb, OP.xor, OP.i64, ...signed(turnB), OP.rotateRight, OP.set, vb],
  ]
  return [...half(x, 32n, 24n), ...half(y, 16n, 63n)]
}

/** `compress(rounds, final)`, on the 208 bytes at the beginning of memory. */
function functionBody(): number[] {
  const begin = IV.flatMap((iv, i) => [
    ...[...loadWord(i), OP.set, vector(i)],
    ...[OP.i64, ...signed(iv), OP.set, vector(i + 8)],
  ])
  for (const i of [0, 1]) {
    begin.push(OP.get, vector(12 + i), ...loadWord(OFFSET + i), OP.xor, OP.set, vector(12 + i))
  }
  begin.push(OP.get, vector(14), OP.i32, 0, OP.get, FINAL, OP.subtract32, OP.extend, OP.xor, OP.set, vector(14))
  const rounds = SIGMA.flatMap((sigma) => [
    ...[OP.get, ROUNDS, OP.isZero, OP.brIf, 1],
    ...[OP.get, ROUNDS, OP.i32, 1, OP.subtract32, OP.set, ROUNDS],
    ...MIXED.flatMap((indexes, i) => mix(indexes, sigma[2 * i] as number, sigma[2 * i + 1] as number)),
  ])
  const finish = IV.flatMap((_, i) => [
    ...[OP.i32, 0, ...loadWord(i), OP.get, vector(i), OP.xor, OP.get, vector(i + 8), OP.xor],
    ...[...OP.store, ...unsigned(8 * i)],
  ])
  return [...begin, ...OP.block, ...OP.loop, ...rounds, OP.br, 0, ...OP.end, ...OP.end, ...finish, ...OP.end]
}

function wasmModule(): Uint8Array<ArrayBuffer> {
  const I32 = 0x7f
  const I64 = 0x7e
  const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content]
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)]
  const body = [1, 16, I64, ...functionBody()]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('compress'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ])
}

const STATE_BYTES = 64
const INPUT_BYTES = 213

/** The 64 bytes that come of the 213 of BLAKE2F (EIP-152), good ones by {@link blake2fRounds}. */
export type Blake2f = (input: Uint8Array) => Uint8Array

/** The compression function of BLAKE2b in WASM, which has what it consists of: 64-bit numbers, and their rotation. */
export async function loadBlake2f(): Promise<Blake2f> {
  const { instance } = await WebAssembly.instantiate(wasmModule())
  const { memory, compress } = instance.exports as {
    memory: WebAssembly.Memory
    compress: (rounds: number, final: number) => void
  }
  const bytes = new Uint8Array(memory.buffer)
  return (input) => {
    bytes.set(input.subarray(4, INPUT_BYTES - 1))
    compress(blake2fRounds(input) ?? 0, input[INPUT_BYTES - 1] as number)
    return bytes.slice(0, STATE_BYTES)
  }
}

/** How many rounds an input asks for, which is what they cost; `null` for another length or a bad flag. */
export function blake2fRounds(input: Uint8Array): number | null {
  if (input.length !== INPUT_BYTES || (input[INPUT_BYTES - 1] as number) > 1) return null
  return new DataView(input.buffer, input.byteOffset).getUint32(0)
}
