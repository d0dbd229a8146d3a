import type { L1ChainConfig, RollupConfig, SystemConfig, TimedFork } from '@keelson/protocol'
import { type Address, createPublicClient, type Hash, type Hex, http, type PublicClient } from 'viem'
import { loadArtifact } from '../contracts/artifacts.ts'
import type { L1Deployments } from '../contracts/deployL1.ts'
import type { L1Fork } from '../l1/anvil.ts'
import { type ForkTime, forkSchedule } from './forkTimes.ts'
import { createL2Genesis, type L2Genesis } from './l2Genesis.ts'

/** What a new chain is made from. Counts are L1 blocks, times are seconds. */
export type ChainOptions = {
  readonly l1Rpc: string
  /** Of the L1, from its first block on; `prague`. */
  readonly l1Fork?: L1Fork
  readonly contracts: L1Deployments
  /** The L1 block that the chain starts from: the contracts must be initialized there. Default: the head. */
  readonly l1StartingBlock?: bigint
  readonly l2ChainId: bigint
  readonly blockTime: bigint
  readonly maxSequencerDrift: bigint
  readonly seqWindowSize: bigint
  readonly channelTimeout: bigint
  readonly batchInbox: Address
  readonly admin: Address
  readonly fundedAccounts: readonly Address[]
  readonly forks: ReadonlyMap<TimedFork, ForkTime>
  /** The hash of a genesis block: the execution engine's own, so that both agree. */
  readonly hashGenesis: (genesis: L2Genesis) => Promise<Hash> | Hash
}

/** A new chain: what the rollup node and what the execution engine start from. */
export type Chain = { readonly rollup: RollupConfig; readonly genesis: L2Genesis; readonly l1: L1ChainConfig }

/** EIP-1559 constants that the OP Stack's chains use. */
const EIP1559 = { elasticity: 6n, denominator: 50n, denominatorCanyon: 250n } as const

const BLOB_MARKETS = {
  cancun: { target: 3n, max: 6n, baseFeeUpdateFraction: 3_338_477n },
  prague: { target: 6n, max: 9n, baseFeeUpdateFraction: 5_007_716n },
} as const

/** The blob market of the devnet's L1, from the first block on. */
export function devnetL1Config(chainId: bigint, fork: L1Fork = 'prague'): L1ChainConfig {
  return { chainId, blobSchedule: [{ fork, time: 0n, ...BLOB_MARKETS[fork] }] }
}

/**
 * Makes `rollup.json` and `genesis.json` of a chain whose L1 contracts are deployed. The system config is read from the
 * SystemConfig contract as it stands in the starting block.
 */
export async function createChain(options: ChainOptions): Promise<Chain> {
  const l1 = createPublicClient({ transport: http(options.l1Rpc) })
  const block = await l1.getBlock(
    options.l1StartingBlock === undefined ? { blockTag: 'latest' } : { blockNumber: options.l1StartingBlock },
  )
  const l1ChainId = BigInt(await l1.getChainId())
  const systemConfig = await readSystemConfig(l1, options.contracts.SystemConfig, block.number)
  const forks = forkSchedule(block.timestamp, options.forks)
  const genesis = await createL2Genesis({
    l1ChainId,
    l2ChainId: options.l2ChainId,
    l1: options.contracts,
    admin: options.admin,
    fundedAccounts: options.fundedAccounts,
    timestamp: block.timestamp,
    gasLimit: systemConfig.gasLimit,
    forks,
    eip1559: EIP1559,
  })
  const rollup: RollupConfig = {
    genesis: {
      l1: { hash: block.hash, number: block.number },
      l2: { hash: await options.hashGenesis(genesis), number: 0n },
      l2Time: block.timestamp,
      systemConfig,
    },
    blockTime: options.blockTime,
    maxSequencerDrift: options.maxSequencerDrift,
    seqWindowSize: options.seqWindowSize,
    channelTimeout: options.channelTimeout,
    l1ChainId,
    l2ChainId: options.l2ChainId,
    forks,
    batchInboxAddress: lower(options.batchInbox),
    depositContractAddress: lower(options.contracts.OptimismPortal),
    l1SystemConfigAddress: lower(options.contracts.SystemConfig),
    protocolVersionsAddress: lower(options.contracts.ProtocolVersions),
    chainOpConfig: {
      eip1559Elasticity: EIP1559.elasticity,
      eip1559Denominator: EIP1559.denominator,
      eip1559DenominatorCanyon: EIP1559.denominatorCanyon,
    },
  }
  return { rollup, genesis, l1: devnetL1Config(l1ChainId, options.l1Fork) }
}

async function readSystemConfig(l1: PublicClient, address: Address, blockNumber: bigint): Promise<SystemConfig> {
  const { abi } = await loadArtifact('SystemConfig')
  const read = (functionName: string) => l1.readContract({ address, abi, functionName, blockNumber })
  const [batcherHash, overhead, scalar, gasLimit] = await Promise.all(
    ['batcherHash', 'overhead', 'scalar', 'gasLimit'].map(read),
  )
  return {
    batcherAddress: `0x${(batcherHash as Hex).slice(26)}`,
    overhead: word(overhead as bigint),
    scalar: word(scalar as bigint),
    gasLimit: gasLimit as bigint,
    // The contracts of this version know none of these yet: zero is what derivation starts from.
    eip1559Params: `0x${'00'.repeat(8)}`,
    operatorFeeParams: word(0n),
    minBaseFee: 0n,
    daFootprintGasScalar: 0n,
  }
}

const word = (value: bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`
const lower = (address: Address): Address => address.toLowerCase() as Address
