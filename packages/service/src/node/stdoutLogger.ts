import { createLogger, type LogLevel, type RootLogger } from '../log.ts'
import type { LogFormat } from '../logFormat.ts'

/**
 * A logger on standard output (or error) of the process.
 *
 * @param options.color - whether the stream is a terminal, when not given
 * @param options.pid - adds the field `pid`
 */
export function createProcessLogger(
  options: {
    readonly level?: LogLevel
    readonly format?: LogFormat
    readonly color?: boolean
    readonly pid?: boolean
    readonly stream?: 'stdout' | 'stderr'
  } = {},
): RootLogger {
  const stream = process[options.stream ?? 'stdout']
  return createLogger({
    level: options.level ?? 'info',
    format: options.format ?? 'text',
    color: options.color ?? stream.isTTY === true,
    write: (line) => stream.write(`${line}\n`),
    ...(options.pid ? { fields: { pid: process.pid } } : {}),
  })
}
