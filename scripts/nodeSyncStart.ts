import { findSyncStart, type L2Chain } from '@keelson/engine'
import type { L2BlockRef } from '@keelson/protocol'
import { plainStart, type SyncStartQuestion } from '../packages/derive/testing/histories/index.ts'

/**
 * The sync start as a node finds it, by the engine package's rule; it must be the one of the plain rule.
 *
 * @throws when the two differ
 */
export async function nodeSyncStart(question: SyncStartQuestion): Promise<L2BlockRef> {
  const { config, l1, chain, safe } = question
  const refs = chain.map(({ ref }) => ref)
  const [finalized] = refs
  const find = async (is: (ref: L2BlockRef) => boolean) => refs.find(is) ?? null
  const heads: { readonly [label: string]: L2BlockRef | undefined } = { unsafe: refs.at(-1), safe, finalized }
  const unasked = async (): Promise<never> => {
    throw new Error('the sync start reads no more than refs')
  }
  const l2: L2Chain = {
    getL2BlockRef: async (selector) => (typeof selector === 'string' ? (heads[selector] ?? null) : unasked()),
    getL2BlockRefByHash: (hash) => find((ref) => ref.hash === hash),
    getL2BlockRefByNumber: (number) => find((ref) => ref.number === number),
    getL2Transactions: unasked,
    getSystemConfigByL2Hash: unasked,
  }
  const start = await findSyncStart({ config, l1, l2 })
  const plain = await plainStart(question)
  if (start.safe.hash !== plain.hash)
    throw new Error(`the node starts from block ${start.safe.number}, by the plain rule from ${plain.number}`)
  return start.safe
}
