export type CompressionAlgorithm = 'zlib' | 'brotli'

/**
 * What the platform has for this package; the `#compression` import picks it. All of it is synchronous, so that
 * derivation stays a pure function of its input.
 */
export interface Compression {
  /**
   * Unpacks a zlib stream (RFC 1950) at once, or gives `null`: then it is to be read piece by piece. Only a stream that
   * is whole and good down to its checksum is unpacked here.
   *
   * @param limit - the reader stops after so many bytes; more are not unpacked
   */
  unzlib(input: Uint8Array, limit: number): Uint8Array | null
  /** Unpacks brotli (RFC 7932); as {@link unzlib}, and nothing may follow the stream. */
  unbrotli(input: Uint8Array, limit: number): Uint8Array | null
  /** RFC 1950. `level` 0 to 9. */
  zlib(input: Uint8Array, level: number): Uint8Array
  /** `quality` 0 to 11. */
  brotli(input: Uint8Array, quality: number): Uint8Array
}

/** The part of the brotli WASM module that is used: it packs where the platform cannot. */
export type BrotliModule = {
  compress(input: Uint8Array, options?: { quality?: number }): Uint8Array
}
