import type { ByteSink } from './byteSink.ts'

/** How a compressed stream came to its end. `null` while there may be more. */
export type StreamEnd = 'complete' | 'truncated' | 'badChecksum' | { readonly corrupt: string } | null

/** A compressed stream that is unpacked as it is read. */
export interface ByteSource {
  /**
   * One read: pushes at most `size` bytes, and gives how many. It may be none without the end being there. Never throws
   * on account of the input.
   */
  read(sink: ByteSink, size: number): number
  /** Known with the read that came to it, which may have given bytes too. */
  readonly end: StreamEnd
}
