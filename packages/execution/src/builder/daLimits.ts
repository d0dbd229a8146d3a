import { fastLzSize } from '../fees/fastLz.ts'
import { estimatedSizeScaled } from '../fees/l1Cost.ts'
import type { ExecutionTx } from '../transition/types.ts'

/**
 * How much data a block may put on L1, as the batcher asks for when it cannot keep up (`miner_setMaxDASize`). In bytes
 * as a transaction's share of a compressed batch is estimated; 0 means no limit.
 */
export type DaLimits = { readonly maxTxBytes: bigint; readonly maxBlockBytes: bigint }

export const NO_DA_LIMITS: DaLimits = { maxTxBytes: 0n, maxBlockBytes: 0n }

const estimates = new WeakMap<ExecutionTx, bigint>()

/** Estimated size of a transaction in a batch, in bytes: at least 100. */
export function estimatedDaBytes(tx: ExecutionTx): bigint {
  let bytes = estimates.get(tx)
  if (bytes === undefined) {
    bytes = estimatedSizeScaled(fastLzSize(tx.bytes)) / 1_000_000n
    estimates.set(tx, bytes)
  }
  return bytes
}
