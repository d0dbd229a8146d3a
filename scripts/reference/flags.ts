import { COMMANDS } from '../../packages/keelson/src/cli.ts'
import { flagReference } from '../../packages/service/src/flagHelp.ts'

/** `docs/flags.md`: the flags of every command, from the rows that parse them. */
export async function flagsPage(): Promise<string> {
  const sections = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { summary, load }]) => {
      const { flags, envPrefix } = await load()
      return [`## keelson ${name}`, '', `${summary}.`, '', flagReference(flags, envPrefix)].join('\n')
    }),
  )
  return [
    '# Flags',
    '',
    'A flag wins over its environment variable. Names and defaults are those of op-node, op-batcher, op-proposer and',
    'op-geth where they have the flag. Durations are written `12s`, `1h30m`; lists with commas, or the flag again.',
    'Every command also has `--help` and `--version`.',
    '',
    sections.join('\n'),
  ].join('\n')
}
