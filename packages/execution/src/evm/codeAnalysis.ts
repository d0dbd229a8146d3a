/** What is known of a contract's code before it runs. */
export type CodeAnalysis = {
  /** 1 at each JUMPDEST that is no push data. */
  readonly jumpDests: Uint8Array
  /** For each PUSH, where its value is in `pushValues`. */
  readonly pushIndex: Uint16Array | Uint32Array
  /** Filled in as pushes are first executed. */
  readonly pushValues: bigint[]
}

const analyses = new WeakMap<Uint8Array, CodeAnalysis>()

/** Looks through code once; the outcome is kept as long as the very same array is. */
export function analyzeCode(code: Uint8Array): CodeAnalysis {
  const known = analyses.get(code)
  if (known) return known
  const jumpDests = new Uint8Array(code.length)
  // Before Canyon initcode has any length, as has code that simulations put somewhere.
  const pushIndex = new (code.length < 0x1_0000 ? Uint16Array : Uint32Array)(code.length)
  let pushes = 0
  for (let i = 0; i < code.length; i++) {
    const opcode = code[i] as number
    if (opcode === 0x5b) jumpDests[i] = 1
    else if (opcode >= 0x60 && opcode <= 0x7f) {
      pushIndex[i] = pushes++
      i += opcode - 0x5f
    }
  }
  const analysis = { jumpDests, pushIndex, pushValues: [] }
  analyses.set(code, analysis)
  return analysis
}

/** The value of the PUSH at `pc`, of `size` bytes; code that ends within it counts as zeros. */
export function pushValue(code: Uint8Array, pc: number, size: number): bigint {
  let value = 0n
  for (let i = 1; i <= size; ) {
    // Four bytes at a time.
    const take = Math.min(4, size - i + 1)
    let word = 0
    for (let j = 0; j < take; j++) word = word * 256 + (code[pc + i + j] ?? 0)
    value = (value << BigInt(8 * take)) | BigInt(word)
    i += take
  }
  return value
}
