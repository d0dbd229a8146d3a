import { codedError, type ErrorRow } from '../errors.ts'

/** Where in the bytes at hand a rule is broken. `rule` is the number of the conformance checklist. */
export type Breach = { readonly at: number; readonly rule: string }

const row = <D extends Breach>(text: (d: D) => string) =>
  ({ severity: 'critical', text: (d: D) => `${text(d)} (byte ${d.at}, ${d.rule})` }) as const satisfies ErrorRow

/**
 * Why batcher data cannot be read. Such data is normal on L1: derivation takes it as a value and drops it. Thrown only
 * by the `decode…` functions for which a `try…` twin exists, and kept as the reason in {@link ChannelBatches.end}.
 */
export class ChannelError extends codedError('ChannelError', {
  emptyPayload: row((_: Breach) => 'the batcher payload is empty'),
  unknownPayloadVersion: row(
    (d: Breach & { version: number }) => `unknown version ${d.version} of the batcher payload`,
  ),
  noFrames: row((_: Breach) => 'the batcher payload has no frame'),
  frameTruncated: row(
    (d: Breach & { part: string; need: number; have: number }) =>
      `the frame ends in its ${d.part}: ${d.need} bytes needed, ${d.have} there`,
  ),
  frameTooLarge: row((d: Breach & { length: number }) => `the frame claims ${d.length} data bytes, at most 1000000`),
  badIsLast: row((d: Breach & { value: number }) => `is_last is ${d.value}, neither 0 nor 1`),
  badFrame: row((d: Breach & { reason: string }) => `not a frame: ${d.reason}`),

  blobSize: row((d: Breach & { length: number }) => `the blob has ${d.length} bytes instead of 131072`),
  blobFieldElement: row((d: Breach & { value: number }) => `a field element begins with ${d.value}, its top bits set`),
  blobVersion: row((d: Breach & { version: number }) => `unknown version ${d.version} of the blob encoding`),
  blobLength: row((d: Breach & { length: number }) => `the blob claims ${d.length} data bytes, at most 130044`),
  blobTrailing: row((_: Breach) => 'the blob has a byte that is not zero after its data'),
  blobDataTooLarge: row((d: Breach & { length: number }) => `${d.length} bytes do not fit one blob`),

  emptyChannel: row((_: Breach) => 'the channel has no data'),
  unknownCompression: row((d: Breach & { byte: number }) => `the channel begins with ${d.byte}: no known compression`),
  brotliBeforeFjord: row((_: Breach) => 'the channel is compressed with brotli before Fjord'),
  /** `inBatch`: whether that cost a batch. Batchers have posted streams that they never finished; all of those is there. */
  truncatedStream: row((d: Breach & { inBatch: boolean }) =>
    d.inBatch
      ? 'the compressed stream is cut short within a batch'
      : 'the compressed stream is cut short after its last batch',
  ),
  corruptStream: row((d: Breach & { reason: string }) => `the compressed stream is corrupt: ${d.reason}`),
  badChecksum: row((_: Breach) => 'the checksum of the zlib stream is wrong'),
  clipped: row((d: Breach & { limit: number }) => `the channel unfolds beyond ${d.limit} bytes, the rest is lost`),
  badBatchRlp: row((d: Breach & { reason: string }) => `no RLP string where a batch belongs: ${d.reason}`),
  batchTooLarge: row(
    (d: Breach & { size: number; left: number }) => `a batch claims ${d.size} bytes, ${d.left} are left`,
  ),
  batchTruncated: row(
    (d: Breach & { need: number; have: number }) => `a batch is cut short: ${d.have} of ${d.need} bytes`,
  ),

  emptyBatch: row((_: Breach) => 'the batch has no version byte'),
  unknownBatchType: row((d: Breach & { type: number }) => `unknown batch version ${d.type}`),
  badSingularBatch: row((d: Breach & { reason: string }) => `malformed singular batch: ${d.reason}`),
  badSpanBatch: row((d: Breach & { reason: string }) => `malformed span batch: ${d.reason}`),
  badSpanTransaction: row(
    (d: Breach & { index: number; reason: string }) =>
      `transaction ${d.index} of the span cannot be rebuilt: ${d.reason}`,
  ),
  cannotEncode: row((d: Breach & { reason: string }) => `cannot be encoded: ${d.reason}`),
}) {}
