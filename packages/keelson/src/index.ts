export { COMMANDS, runCli } from './cli.ts'
export type { Command, CommandIo } from './command.ts'
