import { bytesToHex } from '@keelson/protocol'
import type { Chain } from '../chain/chain.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { NodeStore, StateCommit } from '../state/nodeStore.ts'
import { createStateReader, type TrieStateReader } from '../state/trieStateReader.ts'

/** The state of a commit that was not written, over the chain's. */
export function stateOfCommit(chain: Chain, commit: StateCommit): TrieStateReader {
  const nodes = new Map(commit.nodes.map(([hash, bytes]) => [bytesToHex(hash), bytes]))
  const codes = new Map(commit.codes.map(([hash, bytes]) => [bytesToHex(hash), bytes]))
  const store: NodeStore = {
    getNode: (hash) => nodes.get(bytesToHex(hash)) ?? chain.store.nodes.getNode(hash),
    getCode: (hash) => codes.get(bytesToHex(hash)) ?? chain.store.nodes.getCode(hash),
  }
  return createStateReader({ store, root: commit.root })
}

/** The state before the transaction with this index, by executing those before it again. */
export async function stateBefore(chain: Chain, block: StoredBlock, index: number): Promise<TrieStateReader> {
  if (index === 0) return chain.stateOf(chain.need(block.header.parentHash).header)
  const executor = await chain.replay(block, { upTo: index })
  return stateOfCommit(chain, (await executor.seal()).commit)
}
