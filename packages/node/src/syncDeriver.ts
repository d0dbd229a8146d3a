import type { EngineController } from '@keelson/engine'
import type { Logger } from '@keelson/service'
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

type SyncParts = {
  readonly engine: EngineController
  readonly log: Logger
  /** Whether the sync start is being looked for: nothing may be derived meanwhile. */
  readonly isResetting: () => boolean
  /** This node takes its safe blocks from elsewhere: the pipeline is not run. */
  readonly followMode?: boolean
}

/** @see specs/protocol/derivation.md#forkchoice-synchronization */
export function syncDeriver({ engine, log, isResetting, followMode = false }: SyncParts) {
  return (emit: EmitOf<typeof syncSpec>): HandlersOf<typeof syncSpec> => ({
    step: async () => {
      if (isResetting()) return
      if (engine.isElSyncing) {
        emit({ type: 'derivation-idle', origin: null })
        return
      }
      if (!engine.initialized) {
        emit({ type: 'reset-event', error: new StartOfDerivation('derivation starts') })
        return
      }
      await engine.tryBackupUnsafeReorg()
      await engine.tryUpdateEngine()
      if (!followMode) emit({ type: 'pending-safe-update', heads: engine.heads })
    },

    'engine-reset-confirmed': async () => {
      // The request stands even when the engine cannot be told yet: the next step tries again.
      emit({ type: 'step-req', resetBackoff: false })
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
