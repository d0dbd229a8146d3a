import type { L2BlockRef } from '@keelson/protocol'

/**
 * How the engine gets the chain: block by block from this node, or by its own network (snap sync).
 *
 *   willStart ──first payload──> syncing ──first VALID──> finished
 *       └──── a finalized block is there ────────────────────^
 */
export type ElSyncState =
  | { readonly phase: 'consensusLayer' }
  | { readonly phase: 'willStart' }
  | { readonly phase: 'syncing'; readonly sinceMs: number; readonly target: L2BlockRef | null }
  | { readonly phase: 'finished' }

export type SyncMode = 'consensus-layer' | 'execution-layer'

/** Engines other than geth can sync again by themselves after they finalized a block. */
export type EngineKind = 'geth' | 'reth' | 'erigon'

export function initialElSync(mode: SyncMode): ElSyncState {
  return mode === 'execution-layer' ? { phase: 'willStart' } : { phase: 'consensusLayer' }
}

/** While this holds, derivation pauses. */
export function isElSyncing(state: ElSyncState): boolean {
  return state.phase === 'willStart' || state.phase === 'syncing'
}

/** What the first payload makes of `willStart`, by what the engine has finalized. */
export function decideElSync(
  finalized: 'none' | 'genesis' | 'later',
  kind: EngineKind,
  nowMs: number,
): Extract<ElSyncState, { phase: 'syncing' | 'finished' }> {
  if (finalized !== 'later' || kind !== 'geth') return { phase: 'syncing', sinceMs: nowMs, target: null }
  return { phase: 'finished' }
}
