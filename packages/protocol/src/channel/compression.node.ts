/// <reference types="node" />
import {
  type BrotliOptions,
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  type InputType,
  inflateSync,
  type ZlibOptions,
} from 'node:zlib'
import type { BrotliModule, Compression } from './compression.ts'

/** Up to this output the native library unpacks at once: it needs twice the output while it joins its pieces. */
const NATIVE_LIMIT = 32 * 1024 * 1024

/** More output for each byte of input is a bomb, or nearly: then no more is unpacked than is read. */
const NATIVE_RATIO = 64

/** A few bytes can make the native decoder of brotli take a window of 16 MiB: it is not asked for so few. */
const NATIVE_BROTLI_FROM = 4_096

/** With `info` the answer also tells how much of the input was read. */
type NativeResult = { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } }
type Native<Options> = (input: InputType, options: Options & { info: true }) => NativeResult

const nativeInflate = inflateSync as unknown as Native<ZlibOptions>
const nativeBrotli = brotliDecompressSync as unknown as Native<BrotliOptions>

/** A view without Node's Buffer around it: whoever gets a transaction may compare, slice or print it. */
const plain = (bytes: Uint8Array) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

function unpack<Options>(
  native: Native<Options & { maxOutputLength: number; chunkSize: number }>,
  input: Uint8Array,
  limit: number,
): (NativeResult & { readonly bytes: Uint8Array }) | null {
  const maxOutputLength = Math.max(1, Math.min(limit, NATIVE_LIMIT, Math.max(65_536, input.length * NATIVE_RATIO)))
  const chunkSize = Math.min(Math.max(16_384, input.length * 4), 4 * 1024 * 1024)
  try {
    const result = native(input, { info: true, maxOutputLength, chunkSize } as Parameters<typeof native>[1])
    return { ...result, bytes: plain(result.buffer) }
  } catch {
    return null
  }
}

export const compression: Compression = {
  unzlib: (input, limit) => unpack(nativeInflate, input, limit)?.bytes ?? null,
  unbrotli(input, limit) {
    if (input.length < NATIVE_BROTLI_FROM) return null
    const result = unpack(nativeBrotli, input, limit)
    return result?.engine.bytesWritten === input.length ? result.bytes : null
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
