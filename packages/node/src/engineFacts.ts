import type { EngineObserver } from '@keelson/engine'
import { engineControllerSpec } from './engineDeriver.ts'
import type { EventSystem } from './eventSystem.ts'
import type { Journal } from './journal.ts'

/** What the engine controller tells becomes events, or what `keelson_explain` shows. */
export function engineFacts(system: EventSystem, journal: Journal): EngineObserver {
  const emit = system.emitter(engineControllerSpec)
  return {
    headsMoved: ({ from, to, cause }) => emit({ type: 'forkchoice-update', from, heads: to, cause }),
    safeDerived: (safe, derivedFrom) => emit({ type: 'safe-derived', safe, derivedFrom }),
    derivedInvalid: (fault) => emit({ type: 'invalid-payload-attributes', ...fault }),
    unsafeMismatch: (mismatch) => {
      const reason = `unsafe block ${mismatch.number} is not what L1 says`
      journal.record({ kind: 'mismatch', code: mismatch.field, reason, evidence: mismatch })
    },
    unsafeDropped: ({ block, reason: code }) => {
      if (code === 'alreadyHead' || code === 'duplicate') return
      const reason = `unsafe block ${block.number} was dropped`
      journal.record({ kind: 'drop', code, reason, evidence: block })
    },
  }
}
