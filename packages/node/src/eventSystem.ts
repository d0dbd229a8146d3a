import type { Clock, Logger } from '@keelson/service'
import type { DeriverSpec, EmitOf, EventType, HandlersOf, NodeEvent } from './events.ts'
import { errorEvent } from './reactTo.ts'

/** More events than this in the queue means that two derivers feed each other without end. */
export const MAX_QUEUED_EVENTS = 10_000

/** An event on its way: `emitContext` numbers it, `derivContext` is that of the handling in which it was emitted. */
export type EventTrace = {
  readonly event: NodeEvent
  readonly emitter: string
  readonly emitContext: number
  readonly derivContext: number
  readonly emittedMs: number
}

/** The handling of an event by one deriver. */
export type HandlingTrace = EventTrace & {
  readonly deriver: string
  readonly startedMs: number
  readonly endedMs: number
  /** What the handler threw. */
  readonly error: unknown
}

/** Sees everything that happens. It must not throw and nothing waits for it. */
export type Tracer = {
  emitted?(trace: EventTrace): void
  handled?(trace: HandlingTrace): void
}

type Handler = (event: NodeEvent) => void | Promise<void>
type Registration = { readonly spec: DeriverSpec; readonly handlers: ReadonlyMap<EventType, Handler> }

/**
 * The registry of derivers and the one global queue between them: first in, first out, one event at a time; each event
 * goes to the derivers in the order of their registration.
 *
 * What a handler throws becomes the event of its severity. A critical error aborts: from then on only
 * `critical-error` is handled.
 */
export class EventSystem {
  readonly #clock: Pick<Clock, 'now'>
  readonly #log: Logger
  readonly #registrations: Registration[] = []
  readonly #tracers: Tracer[] = []
  readonly #queue: EventTrace[] = []
  #emitContext = 0
  #derivContext = 0
  /** The handling that runs now; 0 between events. */
  #current = 0
  #criticalError: Error | null = null

  constructor(parts: { clock: Pick<Clock, 'now'>; log: Logger; tracers?: readonly Tracer[] }) {
    this.#clock = parts.clock
    this.#log = parts.log
    this.#tracers.push(...(parts.tracers ?? []))
  }

  /** The first critical error, or `null` while all is well. */
  get criticalError(): Error | null {
    return this.#criticalError
  }

  get queued(): number {
    return this.#queue.length
  }

  addTracer(tracer: Tracer): void {
    this.#tracers.push(tracer)
  }

  /** Registers a deriver: `make` is given the emitter and returns one handler for each event of the spec. */
  register<const S extends DeriverSpec>(spec: S, make: (emit: EmitOf<S>) => HandlersOf<S>): void {
    if (this.#registrations.some((other) => other.spec.name === spec.name)) {
      throw new Error(`a deriver named ${spec.name} is registered already`)
    }
    const handlers = make(this.emitter(spec))
    this.#registrations.push({ spec, handlers: new Map(Object.entries(handlers) as [EventType, Handler][]) })
  }

  /** An emitter without handlers, for what feeds the queue from outside. */
  emitter<const S extends DeriverSpec>(spec: S): EmitOf<S> {
    return (event) => this.#emit(spec.name, event)
  }

  /** What is registered, for the docs. */
  get specs(): readonly DeriverSpec[] {
    return this.#registrations.map(({ spec }) => spec)
  }

  /** Handles events until the queue is empty. */
  async drain(): Promise<void> {
    for (let trace = this.#queue.shift(); trace; trace = this.#queue.shift()) {
      if (this.#criticalError && trace.event.type !== 'critical-error') continue
      for (const { spec, handlers } of this.#registrations) {
        const handler = handlers.get(trace.event.type)
        if (handler) await this.#handle(spec.name, handler, trace)
      }
    }
  }

  async #handle(deriver: string, handler: Handler, trace: EventTrace): Promise<void> {
    this.#derivContext += 1
    this.#current = this.#derivContext
    const startedMs = this.#clock.now()
    let error: unknown = null
    try {
      await handler(trace.event)
    } catch (thrown) {
      error = thrown
      this.#emit(deriver, errorEvent(thrown))
    } finally {
      this.#current = 0
    }
    const handled = { ...trace, deriver, startedMs, endedMs: this.#clock.now(), error }
    for (const tracer of this.#tracers) tracer.handled?.(handled)
  }

  #emit(emitter: string, event: NodeEvent): void {
    if (event.type === 'critical-error') this.#criticalError ??= event.error
    if (this.#queue.length >= MAX_QUEUED_EVENTS && event.type !== 'critical-error') {
      this.#log.error('The event queue is full', { emitter, event: event.type })
      this.#queue.length = 0
      this.#emit(emitter, { type: 'critical-error', error: new Error(`event queue overflow at ${event.type}`) })
      return
    }
    this.#emitContext += 1
    const trace: EventTrace = {
      event,
      emitter,
      emitContext: this.#emitContext,
      derivContext: this.#current,
      emittedMs: this.#clock.now(),
    }
    for (const tracer of this.#tracers) tracer.emitted?.(trace)
    this.#queue.push(trace)
  }
}
