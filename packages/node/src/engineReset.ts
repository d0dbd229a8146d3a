import { type EngineController, findSyncStart, type SyncStartL1 } from '@keelson/engine'
import type { RollupConfig } from '@keelson/protocol'
import type { Logger } from '@keelson/service'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'
import { severityOf } from './reactTo.ts'

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
 * The state of the search is asked for by `isResetting`; a reset that comes while one runs is covered by it, since the
 * search reads L1 as it stands.
 */
export function engineReset(parts: EngineResetParts) {
  const { config, engine, l1, driver, log } = parts
  let resetting = false
  const deriver = (emit: EmitOf<typeof engineResetSpec>): HandlersOf<typeof engineResetSpec> => ({
    'reset-event': () => {
      if (resetting) return
      resetting = true
      engine.suspend()
      const search = () =>
        findSyncStart({ config, l1, l2: engine.chain, skipCheck: parts.skipSyncStartCheck, log, signal: parts.signal })
      driver.background(
        search,
        (start) => {
          resetting = false
          log.info('Found the sync start', { unsafe: start.unsafe, safe: start.safe, finalized: start.finalized })
          engine.reset(start)
          emit({ type: 'engine-reset-confirmed', heads: engine.heads })
        },
        (thrown) => {
          resetting = false
          const error = thrown instanceof Error ? thrown : new Error(String(thrown))
          if (severityOf(thrown) !== 'temporary') log.error('Found no sync start', { err: error.message })
          // Whatever it was, the next step searches again, with back-off.
          emit({ type: 'l1-temporary-error', error })
        },
      )
    },
  })
  return { deriver, isResetting: () => resetting }
}
