import type { Decompressor } from './compression.ts'
import { Inflater } from './inflate.ts'

/** Raw DEFLATE through {@link Inflater}. */
export function streamInflate(input: Uint8Array): Decompressor {
  const inflater = new Inflater(input)
  return {
    get end() {
      return inflater.end
    },
    get consumed() {
      return inflater.end === 'complete' ? inflater.position : null
    },
    pull: () => inflater.pull(),
    close() {},
  }
}
