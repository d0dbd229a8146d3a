import type { LogFields, Logger, LogLevel } from '../src/log.ts'

export type LoggedLine = { readonly level: LogLevel; readonly message: string; readonly fields: LogFields }

/** A logger that keeps what it is given, for tests that look at it. */
export function recordedLogs(): { log: Logger; lines: LoggedLine[] } {
  const lines: LoggedLine[] = []
  const make = (base: LogFields): Logger => {
    const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
      lines.push({ level, message, fields: { ...base, ...fields } })
    }
    return {
      trace: at('trace'),
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => make({ ...base, ...fields }),
    }
  }
  return { log: make({}), lines }
}
