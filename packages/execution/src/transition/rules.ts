import { FORKS, type Fork, isForkActive, type TimedFork } from '@keelson/protocol'
import { type ChainSpec, isFirstBlockOf } from '../genesis/chainSpec.ts'

/** Which forks are active in a block, looked up once. */
export type BlockRules = { readonly [F in TimedFork]: boolean } & {
  readonly chainId: bigint
  /** The first block of Jovian or of a later fork: only deposits are allowed in it. */
  readonly depositsOnly: boolean
}

/** The rules of the block at `timestamp` after a parent at `parentTimestamp`. */
export function blockRulesOf(spec: ChainSpec, timestamp: bigint, parentTimestamp: bigint): BlockRules {
  const timed = FORKS.slice(1) as Exclude<Fork, 'bedrock'>[]
  const active = Object.fromEntries(timed.map((fork) => [fork, isForkActive(spec, fork, timestamp)]))
  const depositsOnly = timed
    .slice(timed.indexOf('jovian'))
    .some((fork) => isFirstBlockOf(spec, fork, timestamp, parentTimestamp))
  return { ...(active as { readonly [F in TimedFork]: boolean }), chainId: spec.chainId, depositsOnly }
}
