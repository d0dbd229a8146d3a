import { type Clock, systemClock } from './clock.ts'
import { formatLine, type LogFormat } from './logFormat.ts'

export type LogFields = { readonly [key: string]: unknown }

/** Least to most urgent. `crit` is what a process writes before it stops. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'crit'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A phrase plus fields; the level says who must act. */
export interface Logger {
  trace(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger that adds `fields` to each line. */
  child(fields: LogFields): Logger
}

/** A logger whose level can be changed while it runs; its children follow. */
export interface RootLogger extends Logger {
  level(): LogLevel
  setLevel(level: LogLevel): void
}

export type LoggerOptions = {
  readonly level?: LogLevel
  readonly format?: LogFormat
  /** Colours in the terminal format; also decides what `text` means. */
  readonly color?: boolean
  /** Takes one line without its line end. */
  readonly write: (line: string) => void
  readonly clock?: Pick<Clock, 'now'>
  /** Fields of each line, such as `pid`. */
  readonly fields?: LogFields
}

/** What becomes of one line. */
export type LogTaker = (level: LogLevel, message: string, fields: LogFields) => void

/** A logger over any taker; its children add their fields to `base`. */
export function loggerTo(take: LogTaker, base: LogFields = {}): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => take(level, message, { ...base, ...fields })
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => loggerTo(take, { ...base, ...fields }),
  }
}

const ALIASES: Record<string, LogLevel> = { trce: 'trace', dbug: 'debug', eror: 'error' }

/** Reads a level in any letter case, with geth's four-letter forms; `null` when it is none. */
export function parseLogLevel(text: string): LogLevel | null {
  const lower = text.toLowerCase()
  return ALIASES[lower] ?? LOG_LEVELS.find((level) => level === lower) ?? null
}

/** Makes a logger in one of op-node's formats. Never throws, whatever the fields hold. */
export function createLogger(options: LoggerOptions): RootLogger {
  const { write, format = 'logfmt', color = false, clock = systemClock } = options
  let current: LogLevel = options.level ?? 'info'

  const take: LogTaker = (level, message, fields) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(current)) return
    write(formatLine(format, { level, message, timeMs: clock.now(), fields }, color))
  }
  return {
    ...loggerTo(take, options.fields),
    level: () => current,
    setLevel: (level) => {
      current = level
    },
  }
}

const nothing = () => {}

/** Writes nothing. */
export const nullLogger: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => nullLogger,
}
