import type { Command, CommandIo } from './command.ts'

/** The sub-commands; each loads only what it needs. */
export const COMMANDS: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  devnet: {
    summary: 'run a whole OP Stack chain with its L1: engines, sequencer, verifier, batcher, proposer',
    load: async () => (await import('./commands/devnet.ts')).devnetCommand,
  },
  node: {
    summary: 'run a rollup node (verifier or sequencer)',
    load: async () => (await import('./commands/node.ts')).nodeCommand,
  },
  engine: {
    summary: 'run the embedded execution engine',
    load: async () => (await import('./commands/engine.ts')).engineCommand,
  },
  batcher: {
    summary: 'write the L2 chain to L1',
    load: async () => (await import('./commands/batcher.ts')).batcherCommand,
  },
  proposer: {
    summary: 'write output roots to L1',
    load: async () => (await import('./commands/proposer.ts')).proposerCommand,
  },
  genesis: {
    summary: 'write rollup.json and genesis.json of a new chain',
    load: async () => (await import('./commands/genesis.ts')).genesisCommand,
  },
  decode: {
    summary: 'show what a batcher transaction or blob holds: frames, channels, batches, blocks',
    load: async () => (await import('./commands/decode.ts')).decodeCommand,
  },
}

/** Runs `keelson <command> …` and resolves with the exit code. */
export async function runCli(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout.write(usage())
    return name === undefined ? 1 : 0
  }
  const entry = COMMANDS[name]
  if (!entry) {
    io.stderr.write(`keelson: no command ${JSON.stringify(name)}; one of ${Object.keys(COMMANDS).join(', ')}\n`)
    return 1
  }
  const command = await entry.load()
  return command.run(rest, io)
}

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length))
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return ['Usage: keelson <command> [flags]', '', ...rows, '', 'keelson <command> --help shows its flags.', ''].join(
    '\n',
  )
}
