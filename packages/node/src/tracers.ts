import type { Logger } from '@keelson/service'
import type { Tracer } from './eventSystem.ts'
import type { NodeMetrics } from './metrics.ts'
import { StartOfDerivation } from './syncDeriver.ts'

/** Counts events under op-node's names. */
export function metricsTracer(metrics: NodeMetrics): Tracer {
  return {
    emitted: ({ event, emitter }) => {
      metrics.eventsEmitted.inc({ event_type: event.type, emitter })
      if (event.type === 'reset-event' && !(event.error instanceof StartOfDerivation)) metrics.pipelineResets.record()
      else if (event.type === 'received-unsafe-payload') metrics.unsafePayloads.record()
      else if (event.type === 'derivation-idle') metrics.derivationIdle.set(1)
      else if (event.type === 'step') metrics.derivationIdle.set(0)
    },
    handled: ({ event, deriver, startedMs, endedMs }) => {
      metrics.eventsProcessed.inc({ event_type: event.type, deriver })
      metrics.eventsProcessTime.inc({ event_type: event.type, deriver }, Math.max(0, endedMs - startedMs) / 1000)
    },
  }
}

/** Writes each event at trace level. */
export function logTracer(log: Logger): Tracer {
  return {
    emitted: ({ event, emitter, emitContext, derivContext }) =>
      log.trace('Emitted event', { event: event.type, emitter, emitContext, derivContext }),
    handled: ({ event, deriver, emitContext, startedMs, endedMs }) =>
      log.trace('Handled event', { event: event.type, deriver, emitContext, ms: endedMs - startedMs }),
  }
}
