import { type Heads, showBlock } from '@keelson/engine'
import { type L1BlockRef, type SyncStatus, ZERO_L1_BLOCK_REF, ZERO_L2_BLOCK_REF } from '@keelson/protocol'
import type { Logger } from '@keelson/service'
import type { EmitOf, HandlersOf } from './events.ts'
import type { NodeMetrics } from './metrics.ts'

/** Keeps the sync status that RPC shows. */
export const statusSpec = {
  name: 'status',
  emits: [],
  handles: [
    'l1-unsafe',
    'l1-safe',
    'finalized-l1',
    'deriver-l1-status',
    'forkchoice-update',
    'pending-safe-update',
    'reset-event',
    'engine-reset-confirmed',
  ],
} as const

/** Nothing known yet: zero refs, as on the wire. */
export const EMPTY_SYNC_STATUS: SyncStatus = {
  currentL1: ZERO_L1_BLOCK_REF,
  currentL1Finalized: ZERO_L1_BLOCK_REF,
  headL1: ZERO_L1_BLOCK_REF,
  safeL1: ZERO_L1_BLOCK_REF,
  finalizedL1: ZERO_L1_BLOCK_REF,
  unsafeL2: ZERO_L2_BLOCK_REF,
  safeL2: ZERO_L2_BLOCK_REF,
  finalizedL2: ZERO_L2_BLOCK_REF,
  pendingSafeL2: ZERO_L2_BLOCK_REF,
  crossUnsafeL2: ZERO_L2_BLOCK_REF,
  localSafeL2: ZERO_L2_BLOCK_REF,
}

/** The status is replaced as a whole after each event, so that whoever reads it never sees half of a change. */
export function statusTracker(parts: {
  readonly log: Logger
  readonly metrics: NodeMetrics
  readonly onChange?: (status: SyncStatus) => void
}) {
  const { log, metrics } = parts
  let status = EMPTY_SYNC_STATUS
  const update = (change: Partial<SyncStatus>) => {
    status = { ...status, ...change }
    parts.onChange?.(status)
  }

  const l1Head = (ref: L1BlockRef) => {
    const { headL1 } = status
    if (ref.hash === headL1.hash) return
    if (headL1 === ZERO_L1_BLOCK_REF || ref.parentHash === headL1.hash)
      log.debug('L1 head moved', { head: showBlock(ref) })
    else if (ref.number > headL1.number)
      log.debug('L1 head moved by more than one block, or was reorged', { from: showBlock(headL1), to: showBlock(ref) })
    else {
      metrics.l1ReorgDepth.observe(Number(headL1.number - ref.number))
      log.warn('L1 head reorged', { from: showBlock(headL1), to: showBlock(ref) })
    }
    metrics.recordL1Ref('l1_head', ref)
    update({ headL1: ref })
  }

  const l2Heads = (heads: Heads) => {
    metrics.recordL2Ref('l2_unsafe', heads.unsafe)
    metrics.recordL2Ref('l2_cross_unsafe', heads.unsafe)
    metrics.recordL2Ref('l2_pending_safe', heads.pendingSafe)
    metrics.recordL2Ref('l2_local_safe', heads.safe)
    metrics.recordL2Ref('l2_safe', heads.safe)
    metrics.recordL2Ref('l2_finalized', heads.finalized)
    update({
      unsafeL2: heads.unsafe,
      crossUnsafeL2: heads.unsafe,
      pendingSafeL2: heads.pendingSafe,
      localSafeL2: heads.safe,
      safeL2: heads.safe,
      finalizedL2: heads.finalized,
    })
  }

  const deriver = (_emit: EmitOf<typeof statusSpec>): HandlersOf<typeof statusSpec> => ({
    'l1-unsafe': ({ ref }) => l1Head(ref),
    'l1-safe': ({ ref }) => {
      metrics.recordL1Ref('l1_safe', ref)
      update({ safeL1: ref })
    },
    'finalized-l1': ({ ref }) => {
      if (ref.number < status.finalizedL1.number) return
      metrics.recordL1Ref('l1_finalized', ref)
      update({ finalizedL1: ref, currentL1Finalized: ref })
    },
    'deriver-l1-status': ({ origin }) => {
      metrics.recordL1Ref('l1_derived', origin)
      update({ currentL1: origin })
    },
    'forkchoice-update': ({ heads }) => l2Heads(heads),
    'pending-safe-update': ({ heads }) => {
      if (heads.pendingSafe.hash !== status.pendingSafeL2.hash) update({ pendingSafeL2: heads.pendingSafe })
    },
    'reset-event': () => {
      update({
        currentL1: ZERO_L1_BLOCK_REF,
        unsafeL2: ZERO_L2_BLOCK_REF,
        safeL2: ZERO_L2_BLOCK_REF,
        localSafeL2: ZERO_L2_BLOCK_REF,
      })
    },
    'engine-reset-confirmed': ({ heads }) => l2Heads(heads),
  })
  return { deriver, status: () => status }
}
