import { compression, initCompression } from '#compression'
import type { CompressionAlgorithm } from './compression.ts'
import { CHANNEL_VERSION_BROTLI } from './constants.ts'

export { initCompression }

/**
 * The data of a channel from its RLP strings: a zlib stream, or the version byte 1 and a brotli stream.
 *
 * @param level - zlib 0 to 9, brotli 0 to 11; the strongest when absent
 * @see specs/protocol/fjord/derivation.md#brotli-channel-compression
 */
export function compressChannel(content: Uint8Array, algorithm: CompressionAlgorithm, level?: number): Uint8Array {
  if (algorithm === 'zlib') return compression.zlib(content, level ?? 9)
  const packed = compression.brotli(content, level ?? 11)
  const channel = new Uint8Array(1 + packed.length)
  channel[0] = CHANNEL_VERSION_BROTLI
  channel.set(packed, 1)
  return channel
}
