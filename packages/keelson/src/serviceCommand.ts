import { type FlagTree, type FlagValues, flagHelp, parseFlags } from '@keelson/service'
import type { Command } from './command.ts'
import { runService, type ServiceFlags, type StartService } from './runService.ts'
import { VERSION } from './version.ts'

/**
 * A command that runs a service in the foreground: `--help`, `--version`, or the service that its flags describe, until it
 * is stopped.
 */
export function serviceCommand<const Flags extends FlagTree & ServiceFlags>(parts: {
  readonly name: string
  readonly summary: string
  readonly flags: Flags
  readonly envPrefix: string
  readonly metricsPrefix: string
  readonly start: (values: FlagValues<Flags>, parts: Parameters<StartService>[0]) => ReturnType<StartService>
}): Command {
  const { name, summary, flags, envPrefix, metricsPrefix, start } = parts
  return {
    ...{ name, summary, flags, envPrefix },
    async run(argv, io) {
      const { help, version, values, unknownEnv } = parseFlags({ defs: flags, argv, env: io.env, envPrefix })
      if (help) {
        io.stdout.write(flagHelp(flags, { command: `keelson ${name}`, summary, envPrefix }))
        return 0
      }
      if (version) {
        io.stdout.write(`keelson ${name} ${VERSION}\n`)
        return 0
      }
      // The compiler does not see that the values of a table have those of the sections it must have.
      const service = values as FlagValues<ServiceFlags>
      return runService({
        ...{ name, metricsPrefix, io, unknownEnv },
        flags: service,
        start: (running) => start(values, running),
      })
    },
  }
}
