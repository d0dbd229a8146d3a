import type { LogFields, LogLevel } from './log.ts'

/**
 * op-node's formats. `text` is `terminal` where colours are on and `logfmt` elsewhere; the `ms` forms write the time
 * as milliseconds since 1970.
 */
export const LOG_FORMATS = ['text', 'terminal', 'logfmt', 'json', 'logfmtms', 'jsonms'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export type LogRecord = {
  readonly level: LogLevel
  readonly message: string
  readonly timeMs: number
  readonly fields: LogFields
}

/** One line, without line end. */
export function formatLine(format: LogFormat, record: LogRecord, color: boolean): string {
  switch (format) {
    case 'text':
      return color ? terminalLine(record, true) : logfmtLine(record, isoTime(record.timeMs))
    case 'terminal':
      return terminalLine(record, color)
    case 'logfmt':
      return logfmtLine(record, isoTime(record.timeMs))
    case 'logfmtms':
      return logfmtLine(record, String(record.timeMs))
    case 'json':
      return jsonLine(record, new Date(record.timeMs).toISOString())
    case 'jsonms':
      return jsonLine(record, record.timeMs)
  }
}

/** `2026-11-20T22:17:36+0000` */
const isoTime = (timeMs: number) => `${new Date(timeMs).toISOString().slice(0, 19)}+0000`

/** ANSI colours of geth's terminal handler. */
const COLORS: Record<LogLevel, number> = { trace: 34, debug: 36, info: 32, warn: 33, error: 31, crit: 35 }

/** Messages are padded to this many characters, so that fields line up. */
const MESSAGE_WIDTH = 40

function terminalLine({ level, message, timeMs, fields }: LogRecord, color: boolean): string {
  const iso = new Date(timeMs).toISOString()
  const time = `${iso.slice(5, 10)}|${iso.slice(11, 23)}`
  const name = level.toUpperCase().padEnd(5)
  const paint = (text: string) => (color ? `\x1b[${COLORS[level]}m${text}\x1b[0m` : text)
  const pairs = Object.entries(fields).map(([key, value]) => `${paint(key)}=${quote(fieldText(value))}`)
  const text = oneLine(message)
  return `${paint(name)}[${time}] ${pairs.length > 0 ? `${text.padEnd(MESSAGE_WIDTH)} ${pairs.join(' ')}` : text}`
}

function logfmtLine({ level, message, fields }: LogRecord, time: string): string {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${quote(fieldText(value))}`)
  return [`t=${time}`, `lvl=${level}`, `msg=${quote(message)}`, ...pairs].join(' ')
}

function jsonLine({ level, message, fields }: LogRecord, time: string | number): string {
  const values = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, jsonValue(value)]))
  return safeJson({ t: time, lvl: level, msg: message, ...values })
}

function jsonValue(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' || value === null || isPlain(value)
    ? value
    : fieldText(value)
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Error) && !(value instanceof Uint8Array)

/** Any value as one piece of text: hex for bytes, the chain of messages for errors, JSON for objects. */
export function fieldText(value: unknown): string {
  if (value instanceof Error) return errorText(value)
  if (value instanceof Uint8Array) return `0x${Array.from(value, (b) => b.toString(16).padStart(2, '0')).join('')}`
  if (typeof value === 'object' && value !== null) return safeJson(value)
  return String(value)
}

/** `outer: inner: innermost`, leaving out a cause whose text its wrapper already says. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const parts = [error.message || error.name]
  for (let cause = error.cause, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) {
    const text = cause.message || cause.name
    if (!parts.some((part) => part.includes(text))) parts.push(text)
  }
  return parts.join(': ')
}

function safeJson(value: unknown): string {
  const open: unknown[] = []
  try {
    return JSON.stringify(value, function (this: unknown, _key, item: unknown) {
      if (typeof item === 'bigint') return item.toString()
      if (item instanceof Error || item instanceof Uint8Array) return fieldText(item)
      if (typeof item === 'object' && item !== null) {
        // `this` is the holder: drop from the path whatever is not above it any more.
        while (open.length > 0 && open.at(-1) !== this) open.pop()
        if (open.includes(item)) return '[circular]'
        open.push(item)
      }
      return item
    })
  } catch (error) {
    return `[unprintable: ${error instanceof Error ? error.message : 'unknown'}]`
  }
}

const oneLine = (text: string) => text.replaceAll('\r', '\\r').replaceAll('\n', '\\n')

/** Quotes what would break `key=value`: blanks, quotes, `=`, control and non-ASCII characters, the empty text. */
function quote(text: string): string {
  return text !== '' && /^[\x21\x23-\x3c\x3e-\x7e]+$/.test(text) ? text : JSON.stringify(text)
}
