import type { L1Provider } from '@keelson/derive'

/**
 * An L1 that hides its newest `depth` blocks from reads by number, so that shallow reorgs are never seen.
 *
 * @param head - number of the L1 head, `null` while unknown: then nothing is hidden
 */
export function withL1Confirmations<L1 extends L1Provider>(
  l1: L1,
  depth: bigint,
  head: () => bigint | null,
): L1Provider {
  if (depth === 0n) return l1
  return {
    getBlockRefByNumber: async (number, call) => {
      const l1Head = head()
      // Genesis is never hidden: a young chain must be able to begin.
      if (l1Head !== null && number !== 0n && number + depth > l1Head) return null
      return l1.getBlockRefByNumber(number, call)
    },
    getBlockInfo: (hash, call) => l1.getBlockInfo(hash, call),
    getTransactions: (hash, call) => l1.getTransactions(hash, call),
    getReceipts: (hash, call) => l1.getReceipts(hash, call),
  }
}
