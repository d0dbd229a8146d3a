import type { Address, Hash, Hex } from '../primitives.ts'

/** One chain of the registry. Its channel timeout is 300 and Regolith is active from genesis, as for all of them. */
export type ChainRow = {
  readonly name: string
  readonly title: string
  readonly chainId: number
  readonly publicRpc: string
  readonly sequencerRpc: string
  readonly explorer: string
  readonly blockTime: number
  readonly seqWindowSize: number
  readonly maxSequencerDrift: number
  /** Times of Canyon, Delta, Ecotone, Fjord, Granite, Holocene, Isthmus, Jovian, Karst, as far as they are set. */
  readonly forks: readonly number[]
  readonly pectraBlobSchedule?: number
  readonly keepKarstUpgradeGas?: boolean
  /** Elasticity, denominator, denominator from Canyon. */
  readonly fees: readonly [elasticity: number, denominator: number, canyon: number]
  readonly genesisTime: number
  readonly l1Genesis: readonly [hash: Hash, number: number]
  readonly l2Genesis: readonly [hash: Hash, number: number]
  readonly batcher: Address
  readonly gasLimit: number
  /** Words without their leading zeros. */
  readonly overhead: Hex
  readonly scalar: Hex
  readonly inbox: Address
  readonly portal: Address
  readonly systemConfig: Address
  readonly standardBridge: Address
  readonly disputeGameFactory?: Address
  /** Set where batch data is not on Ethereum. */
  readonly altDa?: readonly [commitmentType: string, challengeWindow: number, resolveWindow: number, contract?: Address]
}
