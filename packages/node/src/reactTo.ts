import { CodedError, type Severity } from '@keelson/protocol'
import { TransportError } from '@keelson/service'
import type { EventOf } from './events.ts'

type ErrorEvent = EventOf<'critical-error' | 'reset-event' | 'l1-temporary-error' | 'engine-temporary-error'>

/** How far an error reaches. One that nobody classed is critical: going on would be a guess. */
export function severityOf(error: unknown): Severity {
  if (error instanceof CodedError || error instanceof TransportError) return error.severity
  const severity = (error as { severity?: unknown } | null)?.severity
  return severity === 'temporary' || severity === 'reset' ? severity : 'critical'
}

/** The one place that turns an error into retry, reset or stop. */
export function errorEvent(thrown: unknown): ErrorEvent {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  switch (severityOf(thrown)) {
    case 'critical':
      return { type: 'critical-error', error }
    case 'reset':
      return { type: 'reset-event', error }
    case 'temporary':
      return { type: isL1Error(error) ? 'l1-temporary-error' : 'engine-temporary-error', error }
  }
}

function isL1Error(error: Error): boolean {
  return error.name === 'L1Error' || (error.cause instanceof Error && isL1Error(error.cause))
}
