import type { ChainRow } from './chains/chainRow.ts'
import { MAINNET_CHAINS } from './chains/mainnet.ts'
import { SEPOLIA_CHAINS } from './chains/sepolia.ts'
import { SEPOLIA_DEVNET_2_CHAINS } from './chains/sepoliaDevnet2.ts'
import { FORKS } from './forks.ts'
import { L1_CHAIN_CONFIGS } from './l1ChainConfig.ts'
import { type Address, type Hash, type Hex, ZERO_HASH } from './primitives.ts'
import type { RollupConfig } from './rollupConfig.ts'

/** A public OP Stack chain: its rollup config, and where it is found. */
export type ChainPreset = {
  /** Chain and superchain, such as `op-mainnet`: what `--network` takes. */
  readonly name: string
  readonly title: string
  readonly rollupConfig: RollupConfig
  readonly publicRpc: string
  readonly sequencerRpc: string
  readonly explorer: string
  readonly l1Contracts: {
    readonly standardBridge: Address
    readonly disputeGameFactory?: Address
  }
}

const SUPERCHAINS = [
  { suffix: 'mainnet', l1ChainId: L1_CHAIN_CONFIGS.mainnet.chainId, chains: MAINNET_CHAINS },
  { suffix: 'sepolia', l1ChainId: L1_CHAIN_CONFIGS.sepolia.chainId, chains: SEPOLIA_CHAINS },
  { suffix: 'sepolia-devnet-2', l1ChainId: L1_CHAIN_CONFIGS.sepolia.chainId, chains: SEPOLIA_DEVNET_2_CHAINS },
] as const

const ROWS = new Map<string, { readonly row: ChainRow; readonly l1ChainId: bigint }>(
  SUPERCHAINS.flatMap(({ suffix, l1ChainId, chains }) =>
    chains.map((row) => [`${row.name}-${suffix}`, { row, l1ChainId }] as const),
  ),
)

/** Names that older versions of op-node took. */
const ALIASES: Readonly<Record<string, string>> = { mainnet: 'op-mainnet', sepolia: 'op-sepolia' }

/** The names of all chains that {@link chainPreset} knows. */
export const CHAIN_NAMES: readonly string[] = [...ROWS.keys()].sort()

const FIRST_FORK = FORKS.indexOf('canyon')

function toRollupConfig(row: ChainRow, l1ChainId: bigint): RollupConfig {
  const word = (hex: Hex): Hash => `0x${hex.slice(2).padStart(64, '0')}`
  const times = row.forks.map((time, index) => [FORKS[FIRST_FORK + index], BigInt(time)])
  const [elasticity, denominator, canyon] = row.fees
  return {
    genesis: {
      l1: { hash: row.l1Genesis[0], number: BigInt(row.l1Genesis[1]) },
      l2: { hash: row.l2Genesis[0], number: BigInt(row.l2Genesis[1]) },
      l2Time: BigInt(row.genesisTime),
      systemConfig: {
        batcherAddress: row.batcher,
        overhead: word(row.overhead),
        scalar: word(row.scalar),
        gasLimit: BigInt(row.gasLimit),
        eip1559Params: '0x0000000000000000',
        operatorFeeParams: ZERO_HASH,
        minBaseFee: 0n,
        daFootprintGasScalar: 0n,
      },
    },
    blockTime: BigInt(row.blockTime),
    maxSequencerDrift: BigInt(row.maxSequencerDrift),
    seqWindowSize: BigInt(row.seqWindowSize),
    channelTimeout: 300n,
    l1ChainId,
    l2ChainId: BigInt(row.chainId),
    forks: {
      regolith: 0n,
      ...Object.fromEntries(times),
      ...(row.pectraBlobSchedule !== undefined && { pectraBlobSchedule: BigInt(row.pectraBlobSchedule) }),
    },
    batchInboxAddress: row.inbox,
    depositContractAddress: row.portal,
    l1SystemConfigAddress: row.systemConfig,
    chainOpConfig: {
      eip1559Elasticity: BigInt(elasticity),
      eip1559Denominator: BigInt(denominator),
      eip1559DenominatorCanyon: BigInt(canyon),
    },
    ...(row.keepKarstUpgradeGas && { keepKarstUpgradeGas: true }),
    ...(row.altDa && {
      altDa: {
        commitmentType: row.altDa[0],
        challengeWindow: BigInt(row.altDa[1]),
        resolveWindow: BigInt(row.altDa[2]),
        ...(row.altDa[3] && { challengeContractAddress: row.altDa[3] }),
      },
    }),
  }
}

/**
 * A public chain by name, in any letter case; `null` for one that is not known. The configs of chains with their data
 * elsewhere than on Ethereum have `altDa` set, which `checkRollupConfig` refuses.
 */
export function chainPreset(name: string): ChainPreset | null {
  const lower = name.toLowerCase()
  const canonical = ALIASES[lower] ?? lower
  const found = ROWS.get(canonical)
  if (!found) return null
  const { row, l1ChainId } = found
  return {
    name: canonical,
    title: row.title,
    rollupConfig: toRollupConfig(row, l1ChainId),
    publicRpc: row.publicRpc,
    sequencerRpc: row.sequencerRpc,
    explorer: row.explorer,
    l1Contracts: {
      standardBridge: row.standardBridge,
      ...(row.disputeGameFactory && { disputeGameFactory: row.disputeGameFactory }),
    },
  }
}

/** The public chain with this L2 chain id, or `null`. */
export function chainPresetById(l2ChainId: bigint): ChainPreset | null {
  for (const [name, { row }] of ROWS) if (BigInt(row.chainId) === l2ChainId) return chainPreset(name)
  return null
}
