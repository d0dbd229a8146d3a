/** A function that takes bytes from anywhere. `run` throws only when it is wrong: bad input is no failure. */
export type FuzzTarget = {
  readonly name: string
  /** Valid inputs, to be changed. */
  readonly seeds: readonly Uint8Array[]
  run(input: Uint8Array): void
}

export type FuzzReport = {
  readonly target: string
  readonly inputs: number
  /** The slowest input. */
  readonly worstMs: number
  readonly failures: readonly { readonly input: Uint8Array; readonly error: unknown }[]
}

/** Numbers in [0, 1), the same ones for the same seed (xorshift). */
export function createRandom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** Values that length fields and versions are often compared with. */
const EDGES = [0, 1, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xbf, 0xc0, 0xf7, 0xf8, 0xff]

/** A changed copy: bytes set, parts cut, doubled or put in, up to four times over. */
export function mutateBytes(seed: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit)
  let bytes = seed.slice()
  for (let round = 1 + below(4); round > 0; round--) {
    const at = below(bytes.length + 1)
    const end = Math.min(bytes.length, at + 1 + below(40))
    const kind = below(6)
    if (kind < 2 && bytes.length > 0)
      bytes[at % bytes.length] = kind === 0 ? below(256) : (EDGES[below(EDGES.length)] as number)
    else if (kind === 2) bytes = bytes.slice(0, at)
    else if (kind === 3) bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(end)])
    else if (kind === 4) bytes = Uint8Array.from([...bytes.subarray(0, end), ...bytes.subarray(at)])
    else bytes = Uint8Array.from([...bytes.subarray(0, at), below(256), below(256), ...bytes.subarray(at)])
  }
  return bytes
}

/** Runs a target on `inputs` changed seeds and random bytes; the same ones for the same `seed`. */
export function fuzz(
  target: FuzzTarget,
  options: { readonly inputs: number; readonly seed?: number; readonly now?: () => number },
): FuzzReport {
  const { inputs, seed = 1, now = () => performance.now() } = options
  const random = createRandom(seed)
  const failures: { input: Uint8Array; error: unknown }[] = []
  let worstMs = 0
  for (let i = 0; i < inputs; i++) {
    const sample = target.seeds[Math.floor(random() * target.seeds.length)]
    const isRandom = sample === undefined || random() < 0.05
    const size = Math.floor(random() * 200)
    const input = isRandom
      ? Uint8Array.from({ length: size }, () => Math.floor(random() * 256))
      : mutateBytes(sample, random)
    const start = now()
    try {
      target.run(input)
    } catch (error) {
      failures.push({ input, error })
    }
    worstMs = Math.max(worstMs, now() - start)
  }
  return { target: target.name, inputs, worstMs, failures }
}
