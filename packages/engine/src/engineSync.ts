import type { ExecutionPayloadEnvelope, L2BlockRef, RollupConfig } from '@keelson/protocol'
import type { Clock, Logger } from '@keelson/service'
import { decideElSync, type ElSyncState, type EngineKind, initialElSync, isElSyncing, type SyncMode } from './elSync.ts'
import type { EngineCalls } from './engineCalls.ts'
import { EngineError } from './errors.ts'
import type { Forkchoice } from './forkchoice.ts'
import { type Heads, showBlock } from './heads.ts'
import type { L2Chain } from './l2Chain.ts'
import { type InsertOutcome, invalidStatus, withRef } from './payloadOutcome.ts'

type EngineSyncParts = {
  readonly config: RollupConfig
  readonly chain: L2Chain
  readonly calls: EngineCalls
  readonly forkchoice: Forkchoice
  readonly mode: SyncMode
  readonly engineKind: EngineKind
  readonly safeOffsetSeconds: bigint
  readonly clock: Clock
  readonly log: Logger
  readonly changed: (state: ElSyncState) => void
}

/** Execution-layer sync: payloads are targets for an engine that fetches the chain by its own network. */
export class EngineSync {
  readonly #parts: EngineSyncParts
  #state: ElSyncState

  constructor(parts: EngineSyncParts) {
    this.#parts = parts
    this.#state = initialElSync(parts.mode)
  }

  get state(): ElSyncState {
    return this.#state
  }

  get isSyncing(): boolean {
    return isElSyncing(this.#state)
  }

  /** Decides with the first payload whether the engine syncs at all: one that has finalized a block may not need to. */
  async begin(): Promise<void> {
    if (this.#state.phase !== 'willStart') return
    const { config, chain, calls, engineKind, clock } = this.#parts
    const finalized = await calls.ask('finalized head read', (call) => chain.getL2BlockRef('finalized', call))
    const found = !finalized ? 'none' : finalized.hash === config.genesis.l2.hash ? 'genesis' : 'later'
    this.#set(decideElSync(found, engineKind, clock.now()))
  }

  /** Gives the engine a target to sync to; the first that it can validate ends the sync. */
  async insert(envelope: ExecutionPayloadEnvelope): Promise<InsertOutcome> {
    const { config, calls, forkchoice } = this.#parts
    return withRef(config, envelope, async (ref): Promise<InsertOutcome> => {
      const status = await calls.newPayload(envelope)
      const invalid = invalidStatus(status)
      if (invalid) return invalid
      if (status.status === 'VALID') return this.#finish(ref)
      const accepted = await calls.forkchoice('sync target', forkchoice.state({ unsafe: ref }))
      if (accepted.status === 'VALID') return this.#finish(ref)
      if (accepted.status !== 'SYNCING') {
        return { kind: 'invalid', reason: accepted.validationError ?? accepted.status }
      }
      forkchoice.set({ unsafe: ref }, 'elSync')
      forkchoice.announce()
      if (this.#state.phase === 'syncing') this.#set({ ...this.#state, target: ref })
      return { kind: 'inserted', ref }
    })
  }

  /** The engine has the whole chain up to `tip`: its safe and finalized labels begin there, or a set time behind. */
  async #finish(tip: L2BlockRef): Promise<InsertOutcome> {
    const { calls, forkchoice } = this.#parts
    const anchor = await this.#anchor(tip)
    const heads: Heads = { unsafe: tip, pendingSafe: anchor, safe: anchor, finalized: anchor }
    const { status, validationError } = await calls.forkchoice('end of engine sync', forkchoice.state(heads))
    if (status !== 'VALID') {
      throw new EngineError('unexpectedStatus', { call: 'forkchoiceUpdated', status, reason: validationError ?? '' })
    }
    this.#set({ phase: 'finished' })
    forkchoice.accept(heads, 'elSync')
    return { kind: 'inserted', ref: tip }
  }

  async #anchor(tip: L2BlockRef): Promise<L2BlockRef> {
    const { config, chain, calls, forkchoice, safeOffsetSeconds } = this.#parts
    const behind = safeOffsetSeconds / config.blockTime
    if (behind <= 0n) return tip
    const genesis = config.genesis.l2.number
    let number = tip.number - behind
    if (number < genesis) number = genesis
    const found = await calls.ask('block read', (call) => chain.getL2BlockRefByNumber(number, call))
    return found && found.number >= forkchoice.heads.finalized.number ? found : tip
  }

  #set(state: ElSyncState): void {
    this.#state = state
    this.#parts.log.info('Engine sync', {
      phase: state.phase,
      target: state.phase === 'syncing' && state.target ? showBlock(state.target) : null,
    })
    this.#parts.changed(state)
  }
}
