import { type LogFields, type Logger, type LogLevel, loggerTo } from '../src/log.ts'

export type LoggedLine = { readonly level: LogLevel; readonly message: string; readonly fields: LogFields }

/** A logger that keeps what it is given, for tests that look at it. */
export function recordedLogs(): { log: Logger; lines: LoggedLine[] } {
  const lines: LoggedLine[] = []
  return { log: loggerTo((level, message, fields) => void lines.push({ level, message, fields })), lines }
}
