/** Data bytes that one frame may carry. @see specs/protocol/derivation.md#frame-format */
export const MAX_FRAME_LEN = 1_000_000

/** Bytes of a frame beside its data: id 16, number 2, length 4, is_last 1. */
export const FRAME_OVERHEAD_SIZE = 23

/** What a frame counts beyond its data when the size of a channel is judged. */
export const FRAME_MEMORY_OVERHEAD = 200

/** Version byte of a batcher payload that holds frames. */
export const DERIVATION_VERSION_0 = 0

/** Bytes of RLP that one channel may unfold to. @see specs/protocol/derivation.md#protocol-parameters */
export const MAX_RLP_BYTES_PER_CHANNEL = 10_000_000

/** The same from Fjord, by the time of the L1 block being read. @see specs/protocol/fjord/derivation.md */
export const MAX_RLP_BYTES_PER_CHANNEL_FJORD = 100_000_000

/** Blocks, and transactions, that one span batch may have. */
export const MAX_SPAN_BATCH_ELEMENT_COUNT = 10_000_000

export const SINGULAR_BATCH_TYPE = 0
export const SPAN_BATCH_TYPE = 1

/** First byte of a channel that is compressed with brotli. */
export const CHANNEL_VERSION_BROTLI = 1

/** 4,096 field elements of 32 bytes. */
export const BLOB_SIZE = 131_072

/** Data bytes that one blob carries: 1,024 groups of 127 bytes less version and length. */
export const MAX_BLOB_DATA_SIZE = 130_044
