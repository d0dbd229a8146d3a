/// <reference types="node" />
import { createRequire } from 'node:module'
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  type InputType,
  inflateRawSync,
  type ZlibOptions,
} from 'node:zlib'
import { type BrotliModule, type Compression, type Decompressor, streamBrotli } from './compression.ts'
import { streamInflate } from './streamInflate.ts'

/**
 * Up to this output the native library unpacks at once: it needs twice the output while it joins its pieces. Beyond,
 * and for broken streams, the streaming decoders take over, which hold a window only.
 */
const NATIVE_LIMIT = 32 * 1024 * 1024

/** More output for each byte of input is a bomb, or nearly: then no more is unpacked than is read. */
const NATIVE_RATIO = 64

function nativeLimit(input: Uint8Array, limit: number): number {
  return Math.max(1, Math.min(limit, NATIVE_LIMIT, Math.max(65_536, input.length * NATIVE_RATIO)))
}

/** With `info` the answer also tells how much of the input was read. */
type NativeResult = { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } }
type Native<Options> = (input: InputType, options: Options & { info: true }) => NativeResult

const nativeInflate = inflateRawSync as unknown as Native<ZlibOptions>

let brotliModule: BrotliModule | null = null
/** Loaded when first needed: only broken or very large brotli streams come here. */
function brotliWasm(): BrotliModule {
  brotliModule ??= createRequire(import.meta.url)('brotli-wasm') as BrotliModule
  return brotliModule
}

/** A view without Node's Buffer around it: whoever gets a transaction may compare, slice or print it. */
const plain = (bytes: Uint8Array) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

/** Gives the native output in one piece; a stream that the native library refuses is read again by `slow`. */
function nativeFirst(
  native: () => Omit<Decompressor, 'pull' | 'close'> & { bytes: Uint8Array },
  slow: () => Decompressor,
): Decompressor {
  try {
    const { bytes, end, consumed } = native()
    let rest: Uint8Array | null = bytes.length > 0 ? plain(bytes) : null
    return {
      end,
      consumed,
      pull() {
        const piece = rest
        rest = null
        return piece
      },
      close() {
        rest = null
      },
    }
  } catch {
    return slow()
  }
}

function chunkSizeFor(input: Uint8Array): number {
  return Math.min(Math.max(16_384, input.length * 4), 4 * 1024 * 1024)
}

export const compression: Compression = {
  inflateRaw(input, limit) {
    return nativeFirst(
      () => {
        const { buffer, engine } = nativeInflate(input, {
          info: true,
          finishFlush: constants.Z_SYNC_FLUSH,
          maxOutputLength: nativeLimit(input, limit),
          chunkSize: chunkSizeFor(input),
        })
        // Whole or not, a stream that leaves nothing behind has lost its checksum at least.
        const isWhole = engine.bytesWritten < input.length
        return {
          bytes: buffer,
          end: isWhole ? 'complete' : 'truncated',
          consumed: isWhole ? engine.bytesWritten : null,
        }
      },
      () => streamInflate(input),
    )
  },
  decompressBrotli(input, limit) {
    return nativeFirst(
      () => {
        const options = { maxOutputLength: nativeLimit(input, limit), chunkSize: chunkSizeFor(input) }
        try {
          return { bytes: brotliDecompressSync(input, options), end: 'complete', consumed: null }
        } catch (error) {
          if ((error as { code?: string }).code !== 'Z_BUF_ERROR') throw error
        }
        const bytes = brotliDecompressSync(input, { ...options, finishFlush: constants.BROTLI_OPERATION_FLUSH })
        return { bytes, end: 'truncated', consumed: null }
      },
      () => streamBrotli(brotliWasm(), input),
    )
  },
  zlib: (input, level) => plain(deflateSync(input, { level, chunkSize: 65_536 })),
  brotli: (input, quality) =>
    plain(
      brotliCompressSync(input, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: quality,
          [constants.BROTLI_PARAM_SIZE_HINT]: input.length,
        },
      }),
    ),
}

/** Nothing to wait for in Node. */
export const initCompression = async (_module?: BrotliModule): Promise<void> => {}
