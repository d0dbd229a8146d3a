import type { EngineController } from '@keelson/engine'
import type { EmitOf, HandlersOf } from './events.ts'

/** Feeds unsafe blocks to the engine controller, whenever one came in or the head moved. */
export const engineDeriverSpec = {
  name: 'cl-sync',
  emits: ['step-req'],
  handles: ['received-unsafe-payload', 'forkchoice-update', 'engine-reset-confirmed'],
} as const

/** What the engine controller says by itself. */
export const engineControllerSpec = {
  name: 'engine-controller',
  emits: ['forkchoice-update', 'safe-derived', 'invalid-payload-attributes'],
  handles: [],
} as const

/** @see specs/protocol/derivation.md#processing-unsafe-payload-attributes */
export function engineDeriver({ engine }: { readonly engine: EngineController }) {
  return (emit: EmitOf<typeof engineDeriverSpec>): HandlersOf<typeof engineDeriverSpec> => {
    /** One block at a time: the head that it moves is the event on which the next one is tried. */
    const processNext = async () => {
      while ((await engine.processNextUnsafe()) === 'dropped');
    }
    return {
      'received-unsafe-payload': async ({ envelope }) => {
        const wasSyncing = engine.isElSyncing
        const outcome = await engine.receiveUnsafePayload(envelope)
        if (outcome === 'queued') await processNext()
        // The engine finished its sync: derivation may begin.
        if (wasSyncing && !engine.isElSyncing) emit({ type: 'step-req', resetBackoff: true })
      },
      'forkchoice-update': processNext,
      'engine-reset-confirmed': processNext,
    }
  }
}
