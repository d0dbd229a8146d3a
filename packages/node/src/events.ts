import type { DerivedAttributes, Heads, HeadsCause } from '@keelson/engine'
import type { ExecutionPayloadEnvelope, L1BlockRef, L2BlockRef } from '@keelson/protocol'

/** How an unsafe payload came to this node. */
export type PayloadSource = 'gossip' | 'range' | 'admin'

/**
 * All that happens in a rollup node, under op-node's names. Who emits and who handles each stands in `docs/events.md`.
 *
 * Steps: `step-req` asks for a step of derivation; the scheduler decides when (`step-attempt`), and then it is made
 * (`step`). Inside it `pending-safe-update` asks for the attributes that come next, and `pipeline-step` the pipeline.
 */
export type NodeEvent =
  /** Somebody thinks that derivation can go on. */
  | { readonly type: 'step-req'; readonly resetBackoff: boolean }
  /** The time for a scheduled step has come. */
  | { readonly type: 'step-attempt' }
  /** A step is made now. */
  | { readonly type: 'step' }
  /** The engine is up to date: what comes after its pending safe head? */
  | { readonly type: 'pending-safe-update'; readonly heads: Heads }
  /** There are no attributes: the pipeline shall make some. */
  | { readonly type: 'pipeline-step'; readonly safeHead: L2BlockRef }
  /** The pipeline made attributes. */
  | { readonly type: 'derived-attributes'; readonly derived: DerivedAttributes }
  /** The pipeline got on without making attributes. */
  | { readonly type: 'deriver-more' }
  /** The pipeline has read all of L1; `origin` is the last block. */
  | { readonly type: 'derivation-idle'; readonly origin: L1BlockRef | null }
  /** The pipeline stands on another L1 block. */
  | { readonly type: 'deriver-l1-status'; readonly origin: L1BlockRef }
  /** Derived attributes cannot be built and were dropped or replaced. */
  | {
      readonly type: 'invalid-payload-attributes'
      readonly parent: L2BlockRef
      readonly reason: string
      readonly replaced: boolean
    }
  /** The engine accepted new heads. */
  | { readonly type: 'forkchoice-update'; readonly from: Heads; readonly heads: Heads; readonly cause: HeadsCause }
  /** `safe` became safe by what L1 says up to `derivedFrom`. */
  | { readonly type: 'safe-derived'; readonly safe: L2BlockRef; readonly derivedFrom: L1BlockRef }
  /** A peer or the operator gave an unsafe block. */
  | {
      readonly type: 'received-unsafe-payload'
      readonly envelope: ExecutionPayloadEnvelope
      readonly source: PayloadSource
    }
  /** The L1 head moved. */
  | { readonly type: 'l1-unsafe'; readonly ref: L1BlockRef }
  /** The safe block of L1 moved. */
  | { readonly type: 'l1-safe'; readonly ref: L1BlockRef }
  /** L1 finalized a block. */
  | { readonly type: 'finalized-l1'; readonly ref: L1BlockRef }
  /** The sequencer's timer rang. */
  | { readonly type: 'sequencer-action' }
  /** What was assumed of L1 or L2 does not hold: find the sync start again. */
  | { readonly type: 'reset-event'; readonly error: Error }
  /** The sync start was found and the engine's heads are set to it. */
  | { readonly type: 'engine-reset-confirmed'; readonly heads: Heads }
  /** Something about L1 failed that may work later. */
  | { readonly type: 'l1-temporary-error'; readonly error: Error }
  /** Something about the engine failed that may work later. */
  | { readonly type: 'engine-temporary-error'; readonly error: Error }
  /** Going on would be wrong: the node stops. */
  | { readonly type: 'critical-error'; readonly error: Error }

export type EventType = NodeEvent['type']
export type EventOf<T extends EventType> = Extract<NodeEvent, { type: T }>

/** What a deriver is called, what it may emit and what it handles. Checked by the compiler, printed in the docs. */
export type DeriverSpec = {
  readonly name: string
  readonly emits: readonly EventType[]
  readonly handles: readonly EventType[]
}

/** Puts an event at the end of the queue. */
export type Emit<T extends EventType> = (event: EventOf<T>) => void
export type EmitOf<S extends DeriverSpec> = Emit<S['emits'][number]>

/** One handler for each handled event. The next event is taken when the promise of the last handler has settled. */
export type HandlersOf<S extends DeriverSpec> = {
  readonly [T in S['handles'][number]]: (event: EventOf<T>) => void | Promise<void>
}
