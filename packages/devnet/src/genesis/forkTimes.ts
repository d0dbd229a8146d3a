import { FORKS, type ForkSchedule, type TimedFork } from '@keelson/protocol'

/** When a fork comes: at genesis, at a time, some seconds after genesis, or never. */
export type ForkTime = { readonly at: bigint } | { readonly afterGenesis: bigint } | 'never'

/** Forks that a devnet starts with when nothing else is said: all up to this one are active at genesis. */
export const DEFAULT_GENESIS_FORK: TimedFork = 'jovian'

/**
 * Reads one `--fork` value: `karst=+20s`, `jovian=never`, `isthmus=0` or `isthmus=1763568001`.
 *
 * @throws when the fork or the time cannot be understood, naming the forms that can
 */
export function parseForkTime(text: string): [TimedFork, ForkTime] {
  const match = /^(\w+)=(?:(never)|\+(\d+)s?|(\d+))$/.exec(text.trim().toLowerCase())
  const fork = FORKS.slice(1).find((name) => name === match?.[1]) as TimedFork | undefined
  if (!match || !fork) {
    throw new Error(
      `--fork ${text}: expected <fork>=never, <fork>=+<seconds>s or <fork>=<unix time>, with a fork of ${FORKS.slice(1).join(', ')}`,
    )
  }
  if (match[2]) return [fork, 'never']
  return [fork, match[3] ? { afterGenesis: BigInt(match[3]) } : { at: BigInt(match[4] as string) }]
}

/**
 * The schedule of a chain whose genesis is at `genesisTime`: every fork up to {@link DEFAULT_GENESIS_FORK} from genesis,
 * but for what is said otherwise. Moving a fork back moves the later ones with it, since forks keep their order.
 */
export function forkSchedule(genesisTime: bigint, times: ReadonlyMap<TimedFork, ForkTime>): ForkSchedule {
  const schedule: { -readonly [F in TimedFork]?: bigint } = {}
  let earliest: bigint | 'never' = 0n
  for (const fork of FORKS.slice(1) as TimedFork[]) {
    const said = times.get(fork)
    const isDefault = FORKS.indexOf(fork) <= FORKS.indexOf(DEFAULT_GENESIS_FORK)
    let time: bigint | 'never'
    if (said === undefined) time = isDefault ? earliest : 'never'
    else if (said === 'never') time = 'never'
    else time = 'at' in said ? said.at : genesisTime + said.afterGenesis
    if (time !== 'never' && time <= genesisTime) time = 0n
    if (earliest === 'never' && time !== 'never') {
      throw new Error(`fork ${fork} has a time although an earlier fork never comes`)
    }
    if (time !== 'never' && earliest !== 'never' && time < earliest) {
      throw new Error(`fork ${fork} comes before the fork ahead of it (${time} < ${earliest})`)
    }
    if (time !== 'never') schedule[fork] = time
    earliest = time
  }
  return schedule
}
