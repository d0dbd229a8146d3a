import { type EngineController, findSyncStart, type SyncStartL1, showHeads } from '@keelson/engine'
import type { RollupConfig } from '@keelson/protocol'
import type { Logger } from '@keelson/service'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'
import { severityOf } from './reactTo.ts'
import { StartOfDerivation } from './syncDeriver.ts'

/** Finds the sync start after a reset, beside the queue, and sets the engine's heads to it. */
export const engineResetSpec = {
  name: 'engine-reset',
  emits: ['engine-reset-confirmed', 'l1-temporary-error'],
  handles: ['reset-event'],
} as const

type EngineResetParts = {
  readonly config: RollupConfig
  readonly engine: EngineController
  readonly l1: SyncStartL1
  readonly driver: Pick<Driver, 'background'>
  readonly log: Logger
  readonly skipSyncStartCheck: boolean
  readonly signal: AbortSignal
}

/**
 * The search runs once at a time; a reset that comes while one runs is covered by it, since the search reads L1 as it
 * stands. One that failed is taken up again by the next step (`resume`).
 */
export function engineReset(parts: EngineResetParts) {
  const { config, engine, l1, driver, log } = parts
  let state: 'none' | 'wanted' | 'searching' = 'none'
  let search = () => {}

  const deriver = (emit: EmitOf<typeof engineResetSpec>): HandlersOf<typeof engineResetSpec> => {
    search = () => {
      state = 'searching'
      const { skipSyncStartCheck: skipCheck, signal } = parts
      driver.background(
        () => findSyncStart({ config, l1, l2: engine.chain, skipCheck, log, signal }),
        (start) => {
          state = 'none'
          log.info('Found the sync start', showHeads(start))
          engine.reset(start)
          emit({ type: 'engine-reset-confirmed', heads: engine.heads })
        },
        (thrown) => {
          state = 'wanted'
          const error = thrown instanceof Error ? thrown : new Error(String(thrown))
          if (severityOf(thrown) !== 'temporary') log.error('Found no sync start', { err: error.message })
          // Whatever it was, the next step searches again, with back-off.
          emit({ type: 'l1-temporary-error', error })
        },
      )
    }
    return {
      'reset-event': ({ error }) => {
        if (state === 'searching') return
        if (error instanceof StartOfDerivation) log.info('Derivation starts')
        else log.warn('Reset', { err: error.message })
        engine.suspend()
        search()
      },
    }
  }
  return {
    deriver,
    isResetting: () => state === 'searching',
    /** Searches again if an earlier search failed; `false` when there is nothing to take up. */
    resume: (): boolean => {
      if (state !== 'wanted') return false
      search()
      return true
    },
  }
}
