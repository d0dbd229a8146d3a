import type { L1WriterOptions } from '@keelson/l1'

/** How often batcher and proposer look, and how long they wait for L1, in step with its blocks. */
export function pacedByL1(
  l1BlockTimeSeconds: number,
): Required<Pick<L1WriterOptions, 'tx'>> & { pollIntervalMs: number } {
  return {
    pollIntervalMs: l1BlockTimeSeconds * 500,
    tx: {
      receiptQueryIntervalMs: l1BlockTimeSeconds * 250,
      resubmissionTimeoutMs: l1BlockTimeSeconds * 6_000,
      numConfirmations: 1,
    },
  }
}
