import { type DerivedAttributes, type EngineController, showBlock } from '@keelson/engine'
import type { Logger } from '@keelson/service'
import type { EmitOf, HandlersOf } from './events.ts'
import { severityOf } from './reactTo.ts'

/** Holds derived attributes until the engine has taken them. */
export const attributesHandlerSpec = {
  name: 'attributes-handler',
  emits: ['pipeline-step', 'step-req'],
  handles: ['derived-attributes', 'pending-safe-update', 'reset-event'],
} as const

/** @see specs/protocol/derivation.md#l1-consolidation-payload-attributes-matching */
export function attributesHandler({ engine, log }: { readonly engine: EngineController; readonly log: Logger }) {
  return (emit: EmitOf<typeof attributesHandlerSpec>): HandlersOf<typeof attributesHandlerSpec> => {
    let held: DerivedAttributes | null = null

    const process = async (derived: DerivedAttributes) => {
      try {
        const outcome = await engine.processDerived(derived)
        log.debug('Processed derived attributes', { parent: showBlock(derived.parent), outcome })
        held = null
      } catch (error) {
        // What failed for now is tried again as it is; after a reset the pipeline makes new ones.
        if (severityOf(error) !== 'temporary') held = null
        throw error
      }
      emit({ type: 'step-req', resetBackoff: true })
    }

    return {
      'derived-attributes': async ({ derived }) => {
        held = derived
        await process(derived)
      },
      'pending-safe-update': async ({ heads }) => {
        if (held) await process(held)
        else emit({ type: 'pipeline-step', safeHead: heads.pendingSafe })
      },
      'reset-event': () => {
        held = null
      },
    }
  }
}
