import type { EngineController } from '@keelson/engine'
import type { Clock, Logger } from '@keelson/service'
import type { EmitOf, HandlersOf } from './events.ts'

/** Makes a step: the engine first, then derivation; turns failures into later steps. */
export const syncSpec = {
  name: 'sync',
  emits: ['step-req', 'pending-safe-update', 'reset-event', 'derivation-idle'],
  handles: [
    'step',
    'engine-reset-confirmed',
    'l1-temporary-error',
    'engine-temporary-error',
    'invalid-payload-attributes',
  ],
} as const

/** Why the node resets at its start. */
export class StartOfDerivation extends Error {
  override readonly name = 'StartOfDerivation'
}

/** Resets that follow each other faster than this are held back by the back-off of steps. */
const RESET_CALM_MS = 10_000

type SyncParts = {
  readonly clock: Pick<Clock, 'now'>
  readonly engine: EngineController
  readonly log: Logger
  /** Another node says what is safe: the pipeline is not run. */
  readonly follows?: boolean
  /** While the sync start is looked for nothing may be derived; a search that failed is taken up again. */
  readonly reset: { isResetting(): boolean; resume(): boolean }
}

/** @see specs/protocol/derivation.md#forkchoice-synchronization */
export function syncDeriver({ clock, engine, log, reset, follows = false }: SyncParts) {
  let lastResetMs = Number.NEGATIVE_INFINITY
  return (emit: EmitOf<typeof syncSpec>): HandlersOf<typeof syncSpec> => ({
    step: async () => {
      if (reset.isResetting()) return
      if (engine.isElSyncing) {
        emit({ type: 'derivation-idle', origin: null })
        return
      }
      if (!engine.initialized) {
        if (!reset.resume()) emit({ type: 'reset-event', error: new StartOfDerivation('derivation starts') })
        return
      }
      await engine.tryBackupUnsafeReorg()
      await engine.tryUpdateEngine()
      if (!follows) emit({ type: 'pending-safe-update', heads: engine.heads })
    },

    'engine-reset-confirmed': async () => {
      // The request stands even when the engine cannot be told yet: the next step tries again.
      emit({ type: 'step-req', resetBackoff: clock.now() - lastResetMs > RESET_CALM_MS })
      lastResetMs = clock.now()
      await engine.tryUpdateEngine()
    },

    'l1-temporary-error': ({ error }) => {
      log.warn('L1 temporary error', { err: error.message })
      emit({ type: 'step-req', resetBackoff: false })
    },

    'engine-temporary-error': ({ error }) => {
      log.warn('Engine temporary error', { err: error.message })
      emit({ type: 'step-req', resetBackoff: false })
    },

    'invalid-payload-attributes': () => emit({ type: 'step-req', resetBackoff: true }),
  })
}
