import { createLogger, type Logger, type MetricRegistry, nullMetrics, parseLogLevel } from '@keelson/service'
import {
  createMetricRegistry,
  createMetricsServer,
  type FlagValues,
  type logFlags,
  type metricsFlags,
} from '@keelson/service/node'
import type { CommandIo } from './command.ts'

/** The flags that every service has. */
export type ServiceFlags = { readonly log: typeof logFlags; readonly metrics: typeof metricsFlags }

/** Starts a service; `signal` aborts when it is to stop, also before it has started. */
export type StartService = (parts: {
  readonly log: Logger
  readonly metrics: MetricRegistry
  readonly signal: AbortSignal
}) => Promise<{ close(): Promise<void> }>

/** A service in the foreground: logger, metrics server, start, wait for the signal, close. Resolves with the exit code. */
export async function runService(parts: {
  readonly name: string
  readonly metricsPrefix: string
  readonly io: CommandIo
  readonly flags: FlagValues<ServiceFlags>
  readonly unknownEnv: readonly string[]
  readonly start: StartService
}): Promise<number> {
  const { name, io, start } = parts
  const { log: logging, metrics: metering } = parts.flags
  const log = createLogger({
    level: parseLogLevel(logging.level) ?? 'info',
    format: logging.format,
    color: logging.color ?? io.stdout.isTTY === true,
    write: (line) => io.stdout.write(`${line}\n`),
    ...(logging.pid && { fields: { pid: process.pid } }),
  })
  for (const variable of parts.unknownEnv) log.warn('Unknown env var', { name: variable })
  const registry = metering.enabled ? createMetricRegistry({ prefix: parts.metricsPrefix }) : null
  const metricsServer = registry && (await createMetricsServer({ host: metering.addr, port: metering.port, registry }))
  let service: { close(): Promise<void> } | null = null
  try {
    service = await start({ log, metrics: registry ?? nullMetrics, signal: io.signal })
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve()
      io.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    log.info('Stopping', { service: name })
    return 0
  } catch (error) {
    // A stop while waiting for L1 or the node is no failure.
    if (io.signal.aborted) return 0
    throw error
  } finally {
    await service?.close()
    await metricsServer?.close()
  }
}
