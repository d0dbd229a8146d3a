import type { Logger } from '@keelson/service'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'

/** Decides when derivation makes its next step: at once, or later after failures. */
export const stepSchedulerSpec = {
  name: 'step-scheduler',
  emits: ['step'],
  handles: ['step-req', 'step-attempt', 'deriver-more', 'derivation-idle'],
} as const

/** The longest wait between two attempts, without jitter. */
const MAX_BACKOFF_MS = 10_000
const MAX_JITTER_MS = 250

type StepSchedulerParts = {
  readonly driver: Pick<Driver, 'emit' | 'post' | 'after'>
  readonly log: Logger
  /** Gives [0, 1), for jitter. */
  readonly random: () => number
}

/**
 * The first attempt is made at once, attempt `n` after 2^n seconds (at most 10) and some jitter; progress and idleness
 * set the count back. Only one attempt is planned at a time.
 *
 * @see specs/protocol/rollup-node.md#driver
 */
export function stepScheduler(parts: StepSchedulerParts) {
  const { driver, log, random } = parts
  return (emit: EmitOf<typeof stepSchedulerSpec>): HandlersOf<typeof stepSchedulerSpec> => {
    let attempts = 0
    let planned = false
    let cancelDelayed: (() => void) | null = null

    const request = (resetBackoff: boolean) => {
      if (resetBackoff) attempts = 0
      if (attempts === 0) {
        if (planned) return
        planned = true
        driver.post(() => driver.emit({ type: 'step-attempt' }))
        return
      }
      if (cancelDelayed) return
      const delayMs = Math.min(1000 * 2 ** attempts, MAX_BACKOFF_MS) + Math.floor(random() * MAX_JITTER_MS)
      log.debug('Next step of derivation is put off', { attempts, delayMs })
      cancelDelayed = driver.after(delayMs, () => driver.emit({ type: 'step-attempt' }))
    }

    return {
      'step-req': ({ resetBackoff }) => request(resetBackoff),
      'step-attempt': () => {
        cancelDelayed?.()
        cancelDelayed = null
        planned = false
        attempts += 1
        emit({ type: 'step' })
      },
      'deriver-more': () => request(true),
      'derivation-idle': () => {
        attempts = 0
        // Asked for while the step that ended idle was under way: it may not have seen what the request was about.
        if (cancelDelayed) request(true)
      },
    }
  }
}
