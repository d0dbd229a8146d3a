import type { StreamEnd } from './inflate.ts'

export type CompressionAlgorithm = 'zlib' | 'brotli'

/** A compressed stream that is unpacked as it is read. */
export interface Decompressor {
  /** The next bytes, valid until the next call; `null` at the end. Never throws on account of the input. */
  pull(): Uint8Array | null
  /** Why {@link pull} gave `null`. */
  readonly end: StreamEnd
  /** Bytes of the input that the stream used, once it is complete; `null` where the library does not tell. */
  readonly consumed: number | null
  /** Gives back what is held outside the heap; nothing can be pulled any more. */
  close(): void
}

/**
 * What this package needs of the platform; the `#compression` import picks it. All of it is synchronous, so that
 * derivation stays a pure function of its input.
 */
export interface Compression {
  /**
   * Unpacks raw DEFLATE.
   *
   * @param limit - the reader stops after so many bytes; what lies beyond need not be unpacked
   */
  inflateRaw(input: Uint8Array, limit: number): Decompressor
  /** Unpacks brotli (RFC 7932, no dictionary); as {@link inflateRaw}. */
  decompressBrotli(input: Uint8Array, limit: number): Decompressor
  /** RFC 1950. `level` 0 to 9. */
  zlib(input: Uint8Array, level: number): Uint8Array
  /** `quality` 0 to 11. */
  brotli(input: Uint8Array, quality: number): Uint8Array
}

/** Input handed to a brotli decoder at a time: what the decoder holds back at an error is bounded by it. */
export const BROTLI_INPUT_STEP = 32_768

/** The part of the brotli WASM module that is used, in Node and in the browser. */
export type BrotliModule = {
  readonly DecompressStream: new () => {
    decompress(
      input: Uint8Array,
      outputSize: number,
    ): { buf: Uint8Array; code: number; input_offset: number; free(): void }
    free(): void
  }
  compress(input: Uint8Array, options?: { quality?: number }): Uint8Array
}

const BROTLI_SUCCESS = 1
const BROTLI_NEEDS_INPUT = 2
const OUTPUT_STEP = 65_536

/** A reader that is simply dropped must not keep the decoder's memory. */
const abandoned = new FinalizationRegistry<{ free(): void }>((decoder) => decoder.free())

/** Streams brotli through the WASM decoder: bounded output at each step, and all that came before an error is kept. */
export function streamBrotli(module: BrotliModule, input: Uint8Array): Decompressor {
  const decoder = new module.DecompressStream()
  let end: StreamEnd = null
  let at = 0
  // The input of one step is offered until the decoder asks for more.
  let stepEnd = Math.min(input.length, BROTLI_INPUT_STEP)
  const finish = (how: StreamEnd) => {
    if (end !== null) return
    end = how
    abandoned.unregister(decoder)
    decoder.free()
  }
  const stream: Decompressor = {
    close: () => finish('truncated'),
    get end() {
      return end
    },
    get consumed() {
      return end === 'complete' ? at : null
    },
    pull() {
      while (end === null) {
        let output: Uint8Array
        let code: number
        try {
          const result = decoder.decompress(input.subarray(at, stepEnd), OUTPUT_STEP)
          output = result.buf
          code = result.code
          at += result.input_offset
          result.free()
        } catch (cause) {
          finish({ corrupt: String(cause) })
          return null
        }
        if (code === BROTLI_SUCCESS) finish('complete')
        else if (code === BROTLI_NEEDS_INPUT) {
          if (stepEnd < input.length) stepEnd = Math.min(input.length, stepEnd + BROTLI_INPUT_STEP)
          else if (output.length === 0) finish('truncated')
        }
        if (output.length > 0) return output
      }
      return null
    },
  }
  abandoned.register(stream, decoder, decoder)
  return stream
}
