import { hexToBytes } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import type { Hex } from './primitives.ts'

/** The three bits that a value sets in a bloom of 2048 bits. */
function bitsOf(value: Hex): readonly number[] {
  const hash = keccak256(hexToBytes(value))
  return [0, 2, 4].map((i) => (((hash[i] as number) << 8) | (hash[i + 1] as number)) & 2047)
}

/** Whether a bloom may hold every one of these addresses or topics. A `false` is certain. */
export function bloomMayContain(bloom: Uint8Array, ...values: readonly Hex[]): boolean {
  return values.every((value) => bitsOf(value).every((bit) => ((bloom[255 - (bit >> 3)] as number) >> (bit & 7)) & 1))
}

/** Adds an address or a topic to a bloom of 256 bytes, in place. */
export function addToBloom(bloom: Uint8Array, value: Hex): void {
  for (const bit of bitsOf(value)) {
    const at = 255 - (bit >> 3)
    bloom[at] = (bloom[at] as number) | (1 << (bit & 7))
  }
}
