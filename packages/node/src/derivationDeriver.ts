import type { AttributesWithParent, DerivationPipeline, Pull } from '@keelson/derive'
import type { L2BlockRef } from '@keelson/protocol'
import { errorText, type Logger } from '@keelson/service'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'
import { errorEvent } from './reactTo.ts'

/** Runs the derivation pipeline, one step at a time, beside the queue. */
export const derivationSpec = {
  name: 'pipeline',
  emits: [
    'derived-attributes',
    'deriver-more',
    'derivation-idle',
    'deriver-l1-status',
    'reset-event',
    'critical-error',
    'l1-temporary-error',
    'engine-temporary-error',
  ],
  handles: ['pipeline-step', 'reset-event', 'engine-reset-confirmed', 'invalid-payload-attributes'],
} as const

type DerivationParts = {
  readonly pipeline: DerivationPipeline
  readonly driver: Pick<Driver, 'background'>
  readonly log: Logger
  readonly onError?: (error: unknown) => void
}

type PipelineState =
  /** Nothing may be asked of the pipeline before the engine's heads are known. */
  | { readonly phase: 'unset' }
  /** To be reset onto this safe head before the next step. */
  | { readonly phase: 'toReset'; readonly safe: L2BlockRef }
  | { readonly phase: 'ready' }

/**
 * A step that was under way when a reset came is awaited and its result forgotten: no two calls of the pipeline
 * overlap, and no attributes of an older view of L1 get through.
 */
export function derivationDeriver({ pipeline, driver, log, onError }: DerivationParts) {
  return (emit: EmitOf<typeof derivationSpec>): HandlersOf<typeof derivationSpec> => {
    let state: PipelineState = { phase: 'unset' }
    let running = false
    let generation = 0
    let originNumber = -1n
    let originHash = ''

    const announceOrigin = () => {
      const { origin } = pipeline
      if (!origin || (origin.number === originNumber && origin.hash === originHash)) return
      originNumber = origin.number
      originHash = origin.hash
      emit({ type: 'deriver-l1-status', origin })
    }

    const finish = (result: Pull<AttributesWithParent> | 'reset') => {
      announceOrigin()
      if (result === 'reset' || result.status === 'again') emit({ type: 'deriver-more' })
      else if (result.status === 'drained') emit({ type: 'derivation-idle', origin: pipeline.origin })
      else emit({ type: 'derived-attributes', derived: result.value })
    }

    return {
      'pipeline-step': ({ safeHead }) => {
        if (running || state.phase === 'unset') return
        running = true
        const { phase } = state
        const of = generation
        const base = state.phase === 'toReset' ? state.safe : null
        const work = async (): Promise<Pull<AttributesWithParent> | 'reset'> => {
          if (!base) return pipeline.step(safeHead)
          await pipeline.reset(base)
          return 'reset'
        }
        driver.background(
          work,
          (result) => {
            running = false
            if (of !== generation) {
              emit({ type: 'deriver-more' })
              return
            }
            if (phase === 'toReset') state = { phase: 'ready' }
            finish(result)
          },
          (error) => {
            running = false
            if (of !== generation) {
              emit({ type: 'deriver-more' })
              return
            }
            log.warn('Derivation failed', { err: errorText(error) })
            onError?.(error)
            announceOrigin()
            emit(errorEvent(error))
          },
        )
      },

      'reset-event': () => {
        generation += 1
        state = { phase: 'unset' }
        originNumber = -1n
      },

      'engine-reset-confirmed': ({ heads }) => {
        generation += 1
        state = { phase: 'toReset', safe: heads.safe }
      },

      'invalid-payload-attributes': ({ replaced }) => {
        // The channel held an invalid batch: nothing more may be taken from it.
        if (replaced) pipeline.flushChannel()
      },
    }
  }
}
