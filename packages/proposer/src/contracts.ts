import { type Address, type Hash, type Hex, hexToBytes } from '@keelson/protocol'
import type { RpcClient } from '@keelson/service'
import { type Abi, decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem'

const oracleAbi = parseAbi([
  'function nextBlockNumber() view returns (uint256)',
  'function proposeL2Output(bytes32 outputRoot, uint256 l2BlockNumber, bytes32 l1BlockHash, uint256 l1BlockNumber) payable',
])

const factoryAbi = parseAbi([
  'function create(uint32 gameType, bytes32 rootClaim, bytes extraData) payable returns (address)',
  'function initBonds(uint32 gameType) view returns (uint256)',
  'function gameCount() view returns (uint256)',
  'function gameAtIndex(uint256 index) view returns (uint32 gameType, uint64 timestamp, address proxy)',
  'function games(uint32 gameType, bytes32 rootClaim, bytes extraData) view returns (address proxy, uint64 timestamp)',
])

const gameAbi = parseAbi([
  'function gameCreator() view returns (address)',
  'function claimData(uint256) view returns (uint32 parentIndex, address counteredBy, address claimant, uint128 bond, bytes32 claim, uint128 position, uint128 clock)',
])

/** Calls a view function at the latest block. */
async function read<T>(
  l1: RpcClient,
  to: Address,
  abi: Abi,
  functionName: string,
  args: readonly unknown[],
): Promise<T> {
  const data = encodeFunctionData({ abi, functionName, args })
  const result = await l1.request<Hex>('eth_call', [{ to, data }, 'latest'])
  return decodeFunctionResult({ abi, functionName, data: result }) as T
}

/** The legacy L2OutputOracle. @see specs/protocol/proposals.md#l2-output-oracle-smart-contract */
export const l2OutputOracle = (l1: RpcClient, address: Address) => ({
  address,
  /** The only block number that the next proposal may have. */
  nextBlockNumber: () => read<bigint>(l1, address, oracleAbi, 'nextBlockNumber', []),
  /** Calldata of a proposal; it reverts on an L1 chain that does not have the L1 block. */
  encodeProposal: (
    outputRoot: Hash,
    l2BlockNumber: bigint,
    l1Block: { readonly hash: Hash; readonly number: bigint },
  ) =>
    hexToBytes(
      encodeFunctionData({
        abi: oracleAbi,
        functionName: 'proposeL2Output',
        args: [outputRoot, l2BlockNumber, l1Block.hash, l1Block.number],
      }),
    ),
})

export type FactoryGame = { readonly gameType: number; readonly timestamp: bigint; readonly proxy: Address }

/** `extraData` of the standard games: the L2 block number as a word. */
export const gameExtraData = (l2BlockNumber: bigint): Hex => `0x${l2BlockNumber.toString(16).padStart(64, '0')}`

/** The DisputeGameFactory. @see specs/fault-proof/stage-one/dispute-game-interface.md#disputegamefactory-interface */
export const disputeGameFactory = (l1: RpcClient, address: Address) => ({
  address,
  /** Wei that must come with a new game. */
  initBond: (gameType: number) => read<bigint>(l1, address, factoryAbi, 'initBonds', [gameType]),
  gameCount: () => read<bigint>(l1, address, factoryAbi, 'gameCount', []),
  async gameAtIndex(index: bigint): Promise<FactoryGame> {
    const [gameType, timestamp, proxy] = await read<[number, bigint, Address]>(l1, address, factoryAbi, 'gameAtIndex', [
      index,
    ])
    return { gameType, timestamp, proxy }
  },
  /** Whether the game exists; a second one of the same claim cannot be made. */
  async exists(gameType: number, rootClaim: Hash, l2BlockNumber: bigint): Promise<boolean> {
    const [proxy] = await read<[Address, bigint]>(l1, address, factoryAbi, 'games', [
      gameType,
      rootClaim,
      gameExtraData(l2BlockNumber),
    ])
    return BigInt(proxy) !== 0n
  },
  /** Who made a game. */
  async creator(proxy: Address): Promise<Address> {
    try {
      return (await read<Address>(l1, proxy, gameAbi, 'gameCreator', [])).toLowerCase() as Address
    } catch {
      // Games from before `gameCreator` name the maker as the claimant of the root claim.
      const claim = await read<readonly unknown[]>(l1, proxy, gameAbi, 'claimData', [0n])
      return (claim[2] as Address).toLowerCase() as Address
    }
  },
  encodeCreate: (gameType: number, rootClaim: Hash, l2BlockNumber: bigint) =>
    hexToBytes(
      encodeFunctionData({
        abi: factoryAbi,
        functionName: 'create',
        args: [gameType, rootClaim, gameExtraData(l2BlockNumber)],
      }),
    ),
})
