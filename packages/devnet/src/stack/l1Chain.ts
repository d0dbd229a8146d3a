import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { genesisBlock } from '@keelson/execution'
import { type L1ChainConfig, rollupConfigToJson, type TimedFork } from '@keelson/protocol'
import type { Address, Hash, Hex } from 'viem'
import { DEV_ACCOUNT_COUNT, devAccount, roleAccount } from '../accounts.ts'
import { deployL1, type L1Deployments } from '../contracts/deployL1.ts'
import { type Chain, createChain } from '../genesis/chain.ts'
import type { ForkTime } from '../genesis/forkTimes.ts'
import { DEV_BALANCE, type L2Genesis } from '../genesis/l2Genesis.ts'
import { MULTICALL3, packagePreinstalls } from '../genesis/preinstalls.ts'
import { type Anvil, type L1Fork, startAnvil } from '../l1/anvil.ts'

/** What the L2 chain is like; counts of L1 blocks, times in seconds. */
export type ChainParameters = {
  readonly l2ChainId: bigint
  readonly l2BlockTime: bigint
  readonly seqWindowSize: bigint
  readonly channelTimeout: bigint
  readonly maxSequencerDrift: bigint
  /** Gas of an L2 block at genesis; 60 million, and 200 million is the most that SystemConfig allows. */
  readonly l2GasLimit?: bigint
  readonly batchInbox: Address
  readonly forks: ReadonlyMap<TimedFork, ForkTime>
}

export type L1ChainOptions = ChainParameters & {
  readonly l1ChainId: bigint
  readonly l1BlockTimeSeconds: number
  /** Of the L1, from its first block on; `prague`. */
  readonly l1Fork?: L1Fork
  readonly l1Port: number
  readonly slotsInAnEpoch?: number
  /** Where `rollup.json`, `genesis.json` and `l1.json` are written. */
  readonly dataDir: string
  /** Ends the start, and L1 with it. */
  readonly signal?: AbortSignal | undefined
}

/** An L1 with the contracts of one L2 chain, and the files of that chain. Mining begins with `anvil.startMining`. */
export type L1Chain = {
  readonly anvil: Anvil
  readonly contracts: L1Deployments
  readonly chain: Chain
  readonly files: { readonly rollup: string; readonly genesis: string; readonly l1: string }
}

/** L2 gas limit at genesis, and the fee scalars that OP Mainnet had when its blobs began. */
const L2_GAS_LIMIT = 60_000_000n
const BASEFEE_SCALAR = 1368
const BLOBBASEFEE_SCALAR = 810_949
const OUTPUT_INTERVAL = 10n
const FINALIZATION_PERIOD_SECONDS = 12n

/** Starts L1, deploys the contracts, and makes the L2 chain that begins at the block they are in. Rejects with the signal's reason. */
export async function startL1Chain(options: L1ChainOptions): Promise<L1Chain> {
  const { signal, l1Fork = 'prague' } = options
  const anvil = await startAnvil({
    chainId: options.l1ChainId,
    fork: l1Fork,
    slotTimeSeconds: options.l1BlockTimeSeconds,
    port: options.l1Port,
    signal,
    ...(options.slotsInAnEpoch === undefined ? {} : { slotsInAnEpoch: options.slotsInAnEpoch }),
  })
  // What is under way below fails with it.
  const endL1 = () => void anvil.close()
  signal?.addEventListener('abort', endL1, { once: true })
  try {
    signal?.throwIfAborted()
    await addMulticall(anvil)
    const admin = roleAccount('admin').address
    // L1's own first block carries the time of its start; the next one must be later.
    const first = await anvil.client.request<{ Method: 'eth_getBlockByNumber'; ReturnType: { timestamp: Hex } }>({
      method: 'eth_getBlockByNumber',
      params: ['latest', false],
    })
    const { contracts, blockNumber } = await deployL1(anvil.client, {
      admin,
      batcher: roleAccount('batcher').address,
      proposer: roleAccount('proposer').address,
      challenger: roleAccount('challenger').address,
      unsafeBlockSigner: roleAccount('sequencer').address,
      batchInbox: options.batchInbox,
      l2BlockTime: options.l2BlockTime,
      l2GasLimit: options.l2GasLimit ?? L2_GAS_LIMIT,
      basefeeScalar: BASEFEE_SCALAR,
      blobbasefeeScalar: BLOBBASEFEE_SCALAR,
      outputInterval: OUTPUT_INTERVAL,
      finalizationPeriodSeconds: FINALIZATION_PERIOD_SECONDS,
      // The portal holds what L2 begins with, so that it can be withdrawn.
      portalFunds: DEV_BALANCE * BigInt(DEV_ACCOUNT_COUNT),
      genesisTimestamp: BigInt(first.timestamp) + 1n,
    })
    const chain = await createChain({
      l1Rpc: anvil.url,
      l1Fork,
      contracts,
      l1StartingBlock: blockNumber,
      l2ChainId: options.l2ChainId,
      blockTime: options.l2BlockTime,
      maxSequencerDrift: options.maxSequencerDrift,
      seqWindowSize: options.seqWindowSize,
      channelTimeout: options.channelTimeout,
      batchInbox: options.batchInbox,
      admin,
      fundedAccounts: Array.from({ length: DEV_ACCOUNT_COUNT }, (_, i) => devAccount(i).address),
      forks: options.forks,
      hashGenesis: genesisHash,
    })
    return { anvil, contracts, chain, files: await writeChain(options.dataDir, chain) }
  } catch (error) {
    await anvil.close()
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', endL1)
  }
}

/** Public L1s have Multicall3, and libraries count on it. */
async function addMulticall({ client }: Anvil): Promise<void> {
  const code = (await packagePreinstalls()).find(([address]) => address === MULTICALL3)?.[1]
  if (code) await client.setCode({ address: MULTICALL3, bytecode: code })
}

/** The hash of a genesis block, as the embedded engine computes it. */
export function genesisHash(genesis: L2Genesis): Hash {
  return genesisBlock(genesis).hash
}

/** Writes what a node and an engine of the chain are started with. */
export async function writeChain(folder: string, chain: Chain): Promise<L1Chain['files']> {
  await mkdir(folder, { recursive: true })
  const write = async (name: string, text: string) => {
    const path = join(folder, name)
    await writeFile(path, `${text}\n`)
    return path
  }
  const [rollup, genesis, l1] = await Promise.all([
    write('rollup.json', JSON.stringify(rollupConfigToJson(chain.rollup), null, 2)),
    write('genesis.json', JSON.stringify(chain.genesis, null, 1)),
    write('l1.json', JSON.stringify(l1ConfigJson(chain.l1), null, 2)),
  ])
  return { rollup, genesis, l1 }
}

/** An L1 chain config as L1 clients have it: each blob rule begins at the time of its fork. */
function l1ConfigJson({ chainId, blobSchedule }: L1ChainConfig): Record<string, unknown> {
  return {
    chainId: Number(chainId),
    ...Object.fromEntries(blobSchedule.map(({ fork, time }) => [`${fork}Time`, Number(time)])),
    blobSchedule: Object.fromEntries(
      blobSchedule.map(({ fork, target, max, baseFeeUpdateFraction }) => [
        fork,
        { target: Number(target), max: Number(max), baseFeeUpdateFraction: Number(baseFeeUpdateFraction) },
      ]),
    ),
  }
}
