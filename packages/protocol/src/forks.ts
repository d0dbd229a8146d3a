/**
 * The hardforks of the OP Stack in order of activation.
 *
 * `pectraBlobSchedule` is optional and judged by the L1 origin's time; it is not part of this order.
 *
 * @see specs/protocol/superchain-upgrades.md
 */
export const FORKS = [
  'bedrock',
  'regolith',
  'canyon',
  'delta',
  'ecotone',
  'fjord',
  'granite',
  'holocene',
  'isthmus',
  'jovian',
  'karst',
] as const

export type Fork = (typeof FORKS)[number]

/** A fork that has an activation time; Bedrock is where every chain starts. */
export type TimedFork = Exclude<Fork, 'bedrock'>

/** Activation times in seconds. Absent: never. Zero: from genesis. */
export type ForkSchedule = { readonly [F in TimedFork]?: bigint } & { readonly pectraBlobSchedule?: bigint }

type ForkConfig = { readonly forks: ForkSchedule }

/** Whether `fork` is active at `timestamp`: the time is inclusive, an absent one never comes. */
export function isForkActive(config: ForkConfig, fork: Fork, timestamp: bigint): boolean {
  if (fork === 'bedrock') return true
  const time = config.forks[fork]
  return time !== undefined && timestamp >= time
}

/**
 * Whether the L2 block at `timestamp` is the activation block of `fork`: active there, not one block time earlier.
 * A fork active at genesis has no activation block.
 */
export function isActivationBlock(
  config: ForkConfig & { readonly blockTime: bigint },
  fork: TimedFork,
  timestamp: bigint,
): boolean {
  return (
    isForkActive(config, fork, timestamp) &&
    timestamp >= config.blockTime &&
    !isForkActive(config, fork, timestamp - config.blockTime)
  )
}

/** The newest fork active at `timestamp`. */
export function activeFork(config: ForkConfig, timestamp: bigint): Fork {
  for (let i = FORKS.length - 1; i > 0; i--) {
    const fork = FORKS[i] as Fork
    if (isForkActive(config, fork, timestamp)) return fork
  }
  return 'bedrock'
}
