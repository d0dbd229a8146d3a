import { CodedError } from '@keelson/protocol'
import type { Clock } from '@keelson/service'
import type { HandlingTrace, Tracer } from './eventSystem.ts'
import { StartOfDerivation } from './syncDeriver.ts'

/** Something that did not go straight: what, why, and what it was seen by. */
export type Incident = {
  readonly kind: 'reset' | 'error' | 'drop' | 'mismatch' | 'invalid'
  /** When it was seen last, and how often in a row. */
  readonly atMs: number
  readonly count: number
  /** Stable code, such as `notCanonical`. */
  readonly code: string
  readonly reason: string
  readonly evidence: unknown
}

/** What the node is at, and since when. */
export type Activity = { readonly doing: string; readonly sinceMs: number }

export type Explanation = {
  readonly activity: Activity
  readonly resets: readonly Incident[]
  readonly errors: readonly Incident[]
  readonly drops: readonly Incident[]
}

const KEPT = 20

/** Remembers the last incidents and says what the node does now: for `keelson_explain` and the explorer. */
export class Journal implements Tracer {
  readonly #clock: Pick<Clock, 'now'>
  readonly #incidents: Record<'resets' | 'errors' | 'drops', Incident[]> = { resets: [], errors: [], drops: [] }
  #activity: Activity

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#activity = { doing: 'starting', sinceMs: clock.now() }
  }

  explain(): Explanation {
    const { resets, errors, drops } = this.#incidents
    return { activity: this.#activity, resets: [...resets], errors: [...errors], drops: [...drops] }
  }

  /** Says what the node is at; the time is kept while that stays the same. */
  doing(doing: string): void {
    if (this.#activity.doing !== doing) this.#activity = { doing, sinceMs: this.#clock.now() }
  }

  record(incident: Omit<Incident, 'atMs' | 'count'>): void {
    const list = this.#incidents[listOf(incident.kind)]
    const last = list[0]
    // The same thing over and over must not push out what came before it.
    const repeats = last?.kind === incident.kind && last.code === incident.code && last.reason === incident.reason
    if (repeats) list.shift()
    list.unshift({ ...incident, atMs: this.#clock.now(), count: repeats ? last.count + 1 : 1 })
    list.length = Math.min(list.length, KEPT)
  }

  error(kind: 'reset' | 'error', error: Error): void {
    const coded = error instanceof CodedError ? error.fault : null
    this.record({ kind, code: coded?.code ?? error.name, reason: error.message, evidence: coded?.data ?? null })
  }

  emitted({ event }: { event: HandlingTrace['event'] }): void {
    switch (event.type) {
      case 'reset-event':
        if (!(event.error instanceof StartOfDerivation)) this.error('reset', event.error)
        this.doing('looking for the sync start')
        break
      case 'critical-error':
        this.error('error', event.error)
        this.doing(`stopping: ${event.error.message}`)
        break
      case 'l1-temporary-error':
      case 'engine-temporary-error':
        this.error('error', event.error)
        this.doing(`waiting to try again: ${event.error.message}`)
        break
      case 'pipeline-step':
        if (!this.#activity.doing.startsWith('waiting for L1 block')) this.doing('deriving')
        break
      case 'deriver-l1-status':
        this.doing('deriving')
        break
      case 'derivation-idle':
        this.doing(event.origin ? `waiting for L1 block ${event.origin.number + 1n}` : 'waiting for the engine to sync')
        break
      case 'invalid-payload-attributes':
        this.record({
          kind: 'invalid',
          code: event.replaced ? 'depositsOnly' : 'batchDropped',
          reason: event.reason,
          evidence: { parent: event.parent },
        })
        break
      default:
        break
    }
  }
}

function listOf(kind: Incident['kind']): 'resets' | 'errors' | 'drops' {
  if (kind === 'reset') return 'resets'
  return kind === 'error' ? 'errors' : 'drops'
}
