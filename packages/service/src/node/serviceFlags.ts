import { flag } from '../flag.ts'
import { defineFlags } from '../flags.ts'
import { LOG_LEVELS } from '../log.ts'
import { LOG_FORMATS } from '../logFormat.ts'

/** op-node's log flags. */
export const logFlags = defineFlags('log', {
  level: flag.enum({
    values: [...LOG_LEVELS, 'trce', 'dbug', 'eror'] as const,
    default: 'info',
    help: 'The lowest level that is written.',
  }),
  format: flag.enum({
    values: LOG_FORMATS,
    default: 'text',
    help: 'How a line is written; text is terminal or logfmt by colour.',
  }),
  color: flag.boolean({ help: 'Colours in the terminal format; on when standard output is a terminal.' }),
  pid: flag.boolean({ default: false, help: 'Adds the process id to each line.' }),
})

/** op-node's metrics flags. */
export const metricsFlags = defineFlags('metrics', {
  enabled: flag.boolean({ default: false, help: 'Serves metrics to Prometheus.' }),
  addr: flag.string({ default: '127.0.0.1', help: 'Address the metrics server listens on.' }),
  port: flag.integer({ default: 7300, min: 0, max: 65535, help: 'Port of the metrics server.' }),
})
