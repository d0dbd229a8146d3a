import type { FlagTree } from '@keelson/service'

/** Where a command reads and writes; tests give their own. */
export type CommandIo = {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean }
  readonly stderr: { write(text: string): unknown }
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by SIGINT or SIGTERM: stop cleanly and resolve. */
  readonly signal: AbortSignal
}

/** One sub-command of `keelson`. `run` resolves with the exit code. */
export type Command = {
  readonly name: string
  readonly summary: string
  /** What it reads from the command line, and from the environment under names that begin with `envPrefix`. */
  readonly flags: FlagTree
  readonly envPrefix: string
  run(argv: readonly string[], io: CommandIo): Promise<number>
}
