import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createTxManager, privateKeySigner, type TxManager } from '@keelson/l1'
import { ANVIL_KEYS, type Anvil, scriptedRpc, startAnvil } from '@keelson/l1/testing'
import {
  type Address,
  type Hash,
  type Hex,
  type L1BlockRef,
  type L2BlockRef,
  type OutputAtBlock,
  outputAtBlockToJson,
  outputRoot,
  type SyncStatus,
  syncStatusToJson,
  ZERO_HASH,
  ZERO_L1_BLOCK_REF,
  ZERO_L2_BLOCK_REF,
} from '@keelson/protocol'
import { ManualClock } from '@keelson/service/testing'
import { type Abi, decodeFunctionResult, encodeDeployData, encodeFunctionData, toFunctionSelector } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createProposer,
  disputeGameFactory,
  gameExtraData,
  type ProposerOptions,
  proposerRpcMethods,
  proposerTargetOf,
} from '../src/index.ts'

type Artifact = { abi: Abi; bytecode: { object: Hex } }
const require = createRequire(import.meta.url)
const artifact = (name: string): Artifact =>
  JSON.parse(
    readFileSync(require.resolve(`@eth-optimism/contracts-bedrock/forge-artifacts/${name}.sol/${name}.json`), 'utf8'),
  ) as Artifact

const word = (n: bigint): Hash => `0x${n.toString(16).padStart(64, '0')}`
const PROPOSER = privateKeySigner(ANVIL_KEYS[0]).address
const CHALLENGER = privateKeySigner(ANVIL_KEYS[1]).address

/** A real L1 with the real contracts, and a rollup node that says what the test wants. */
class ProposerWorld {
  readonly anvil: Anvil
  readonly txs: TxManager
  finalized = 0n
  safe = 0n
  currentL1: L1BlockRef = ZERO_L1_BLOCK_REF
  /** Put over what the node answers. */
  lie: (output: OutputAtBlock) => OutputAtBlock = (output) => output

  constructor(anvil: Anvil) {
    this.anvil = anvil
    this.txs = createTxManager({
      rpc: anvil.rpc,
      signer: privateKeySigner(ANVIL_KEYS[0]),
      chainId: 31_337n,
      numConfirmations: 1,
      receiptQueryIntervalMs: 10,
    })
  }

  async send(from: Address, to: Address | null, data: Hex): Promise<Address | null> {
    const hash = await this.anvil.rpc.request<Hash>('eth_sendTransaction', [
      { from, ...(to ? { to } : {}), data, gas: '0xf00000' },
    ])
    const receipt = await this.anvil.receipt<{ status: string; contractAddress: Address | null }>(hash)
    if (receipt.status !== '0x1') throw new Error(`transaction to ${to} failed`)
    return receipt.contractAddress
  }

  /** Someone else makes a game. */
  async createGame(factory: Address, rootClaim: Hash, block: bigint): Promise<void> {
    const data = encodeFunctionData({
      abi: artifact('DisputeGameFactory').abi,
      functionName: 'create',
      args: [1, rootClaim, gameExtraData(block)],
    })
    const request = { from: CHALLENGER, to: factory, data, value: '0x5', gas: '0x200000' }
    await this.anvil.receipt(await this.anvil.rpc.request<Hash>('eth_sendTransaction', [request]))
  }

  async deploy(name: string, args: readonly unknown[] = []): Promise<Address> {
    const { abi, bytecode } = artifact(name)
    const address = await this.send(PROPOSER, null, encodeDeployData({ abi, bytecode: bytecode.object, args }))
    if (!address) throw new Error(`${name} was not deployed`)
    return address
  }

  /** The contract behind its proxy, initialized. */
  async deployProxied(name: string, args: readonly unknown[], immutables: readonly unknown[] = []): Promise<Address> {
    const implementation = await this.deploy(name, immutables)
    const proxy = await this.deploy('Proxy', [PROPOSER])
    const call = encodeFunctionData({ abi: artifact(name).abi, functionName: 'initialize', args })
    const { abi } = artifact('Proxy')
    await this.send(
      PROPOSER,
      proxy,
      encodeFunctionData({ abi, functionName: 'upgradeToAndCall', args: [implementation, call] }),
    )
    return proxy
  }

  async read<T>(name: string, to: Address, functionName: string, args: readonly unknown[] = []): Promise<T> {
    const { abi } = artifact(name)
    const data = encodeFunctionData({ abi, functionName, args })
    const result = await this.anvil.rpc.request<Hex>('eth_call', [{ to, data }, 'latest'])
    return decodeFunctionResult({ abi, functionName, data: result }) as T
  }

  /** The node has derived L1 up to its head, and L1 has gone on by a block. */
  async nodeCatchesUp(): Promise<void> {
    const head = await this.anvil.rpc.request<{ hash: Hash; number: Hex; parentHash: Hash; timestamp: Hex }>(
      'eth_getBlockByNumber',
      ['latest', false],
    )
    this.currentL1 = {
      hash: head.hash,
      number: BigInt(head.number),
      parentHash: head.parentHash,
      timestamp: BigInt(head.timestamp),
    }
    await this.anvil.mine()
  }

  l2 = (number: bigint): L2BlockRef => ({ ...ZERO_L2_BLOCK_REF, number, hash: word(0xb000_0000n + number) })

  status(): SyncStatus {
    const safe = this.l2(this.safe)
    return {
      ...{
        currentL1: this.currentL1,
        currentL1Finalized: this.currentL1,
        headL1: this.currentL1,
        safeL1: this.currentL1,
        finalizedL1: this.currentL1,
      },
      ...{
        unsafeL2: safe,
        safeL2: safe,
        pendingSafeL2: safe,
        crossUnsafeL2: safe,
        localSafeL2: safe,
        finalizedL2: this.l2(this.finalized),
      },
    }
  }

  output(number: bigint): OutputAtBlock {
    const parts = {
      stateRoot: word(0xaa00n + number),
      messagePasserStorageRoot: word(0xcc00n + number),
      blockHash: this.l2(number).hash,
    }
    return {
      version: ZERO_HASH,
      outputRoot: outputRoot(parts),
      blockRef: this.l2(number),
      withdrawalStorageRoot: parts.messagePasserStorageRoot,
      stateRoot: parts.stateRoot,
      syncStatus: this.status(),
    }
  }

  readonly rollup = scriptedRpc({
    optimism_syncStatus: () => syncStatusToJson(this.status()),
    optimism_outputAtBlock: (number: Hex) => outputAtBlockToJson(this.lie(this.output(BigInt(number)))),
  })

  proposer(target: ProposerOptions['target'], options: Partial<ProposerOptions> = {}) {
    return createProposer({
      target,
      rollup: this.rollup,
      l1: this.anvil.rpc,
      txs: this.txs,
      pollIntervalMs: 10,
      ...options,
    })
  }
}

let world: ProposerWorld | null = null
const open = async () => {
  world = new ProposerWorld(await startAnvil())
  return world
}
afterEach(async () => {
  world?.txs.close()
  await world?.anvil.stop()
  world = null
})

describe('the proposer and the real L2OutputOracle', () => {
  async function openOracle() {
    const chain = await open()
    await chain.anvil.mine()
    // Every 10 blocks of 2 s, from block 0 at time 1: no block is in the future.
    const address = await chain.deployProxied('L2OutputOracle', [10n, 2n, 0n, 1n, PROPOSER, CHALLENGER, 604_800n])
    await chain.nodeCatchesUp()
    const target = { type: 'l2OutputOracle', address } as const
    return { chain, address, target, latest: () => chain.read<bigint>('L2OutputOracle', address, 'latestBlockNumber') }
  }

  it('[PRO-012] [PRO-013] [PRO-014] [PRO-017] proposes every tenth block once it is finalized', async () => {
    const { chain, address, target, latest } = await openOracle()
    const proposer = chain.proposer(target)
    chain.safe = 35n
    chain.finalized = 9n
    expect(await proposer.turn()).toBeNull()
    chain.finalized = 21n
    expect(await proposer.turn()).toBe(10n)
    expect(await proposer.turn()).toBe(20n)
    expect(await proposer.turn()).toBeNull()
    expect(await latest()).toBe(20n)
    const proposal = await chain.read<{ outputRoot: Hash; l2BlockNumber: bigint }>(
      'L2OutputOracle',
      address,
      'getL2Output',
      [1n],
    )
    expect(proposal).toMatchObject({ outputRoot: chain.output(20n).outputRoot, l2BlockNumber: 20n })
  })

  it('[PRO-013] proposes safe blocks when it is allowed to', async () => {
    const { chain, target } = await openOracle()
    chain.safe = 12n
    expect(await chain.proposer(target).turn()).toBeNull()
    expect(await chain.proposer(target, { allowNonFinalized: true }).turn()).toBe(10n)
  })

  it('[PRO-015] has its call refused by an L1 that does not have the L1 block of the output', async () => {
    const { chain, target, latest } = await openOracle()
    chain.finalized = 10n
    chain.currentL1 = { ...chain.currentL1, hash: word(0xdeadn) }
    await expect(chain.proposer(target).turn()).rejects.toMatchObject({ fault: { code: 'reverted' } })
    expect(await latest()).toBe(0n)
  })

  it('[PRO-016] [PRO-031] does not propose an output of another version, of another block, or with a root that is not its own', async () => {
    const { chain, target, latest } = await openOracle()
    chain.finalized = 10n
    const proposer = chain.proposer(target)
    chain.lie = (output) => ({ ...output, version: word(1n) })
    await expect(proposer.turn()).rejects.toMatchObject({ fault: { code: 'badVersion' } })
    chain.lie = () => chain.output(9n)
    await expect(proposer.turn()).rejects.toMatchObject({ fault: { code: 'wrongBlock' } })
    chain.lie = (output) => ({ ...output, outputRoot: word(7n) })
    await expect(proposer.turn()).rejects.toMatchObject({ fault: { code: 'wrongRoot' } })
    expect(await latest()).toBe(0n)
  })

  it('[PRO-019] goes on from what L1 says after the challenger deleted outputs', async () => {
    const { chain, address, target, latest } = await openOracle()
    chain.finalized = 30n
    const proposer = chain.proposer(target)
    expect([await proposer.turn(), await proposer.turn(), await proposer.turn()]).toEqual([10n, 20n, 30n])
    const { abi } = artifact('L2OutputOracle')
    await chain.send(CHALLENGER, address, encodeFunctionData({ abi, functionName: 'deleteL2Outputs', args: [1n] }))
    expect(await latest()).toBe(10n)
    // The deleted output's slots keep their values: gas is estimated at another time than theirs, as it is on a real L1.
    await chain.anvil.rpc.request('evm_increaseTime', [60])
    await chain.anvil.mine()
    expect(await proposer.turn()).toBe(20n)
  })

  it('[PRO-018] proposes as rarely as every 43,200 blocks; the oracle takes no interval of 0', async () => {
    const chain = await open()
    await chain.anvil.mine()
    const oracle = (interval: bigint) =>
      chain.deployProxied('L2OutputOracle', [interval, 2n, 0n, 1n, PROPOSER, CHALLENGER, 604_800n])
    await expect(oracle(0n)).rejects.toThrow('failed')
    const address = await oracle(43_200n)
    await chain.nodeCatchesUp()
    const proposer = chain.proposer({ type: 'l2OutputOracle', address })
    chain.finalized = 43_199n
    expect(await proposer.turn()).toBeNull()
    chain.finalized = 50_000n
    expect(await proposer.turn()).toBe(43_200n)
    expect(await proposer.turn()).toBeNull()
  })

  it('runs by itself, and over RPC starts and stops', async () => {
    const { chain, target, latest } = await openOracle()
    chain.finalized = 20n
    const proposer = chain.proposer(target)
    const rpc = proposerRpcMethods(proposer)
    const call = async (method: string) => rpc[method]?.([], {} as never)
    expect(await call('admin_startProposer')).toBeNull()
    await expect(call('admin_startProposer')).rejects.toThrow('proposer is already running')
    while ((await latest()) < 20n) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(await call('admin_stopProposer')).toBeNull()
    await expect(call('admin_stopProposer')).rejects.toThrow('proposer is not running')
  })
})

/** A game that does nothing but say who made it: the first of the arguments that the factory's clones carry. */
const GAME_INIT = '0x601580600b6000396000f3' as const
const GAME_RUNTIME = '60763603356060' as const

/** Answers every call with the words 1 and 0: a challenge period, an anchor, a deposit of ether. */
const ONE_AND_ZERO = '0x600a80600b6000396000f3600160005260406000f3'
/** Answers every call with an address. */
const answering = (address: Address): Hex => `0x601d80600b6000396000f373${address.slice(2)}60005260206000f3`

describe('the proposer and the real DisputeGameFactory', () => {
  async function openFactory() {
    const chain = await open()
    const address = await chain.deployProxied('DisputeGameFactory', [PROPOSER])
    // CALLDATALOAD(CALLDATASIZE - 118) >> 96, stored and returned.
    const game = await chain.send(PROPOSER, null, `${GAME_INIT}${GAME_RUNTIME}1c60005260206000f30000`)
    const { abi } = artifact('DisputeGameFactory')
    for (const [functionName, args] of [
      ['setImplementation', [1, game]],
      ['setInitBond', [1, 5n]],
    ] as const) {
      await chain.send(PROPOSER, address, encodeFunctionData({ abi, functionName, args }))
    }
    await chain.nodeCatchesUp()
    const target = { type: 'disputeGameFactory', address, gameType: 1, proposalIntervalMs: 3_600_000 } as const
    return { chain, address, target, factory: disputeGameFactory(chain.anvil.rpc, address) }
  }

  it('[PRO-020] [PRO-021] [PRO-024] [PRO-026] makes a game of the finalized head, with its bond, and the next after the interval', async () => {
    const { chain, target, factory } = await openFactory()
    const proposer = chain.proposer(target)
    expect(await proposer.turn()).toBeNull()
    expect(await factory.gameCount()).toBe(0n)
    chain.safe = 17n
    expect(await proposer.turn()).toBeNull()
    chain.finalized = 17n
    expect(await proposer.turn()).toBe(17n)
    const { proxy, gameType } = await factory.gameAtIndex(0n)
    expect(gameType).toBe(1)
    expect(await factory.creator(proxy)).toBe(PROPOSER)
    expect(await factory.exists(1, chain.output(17n).outputRoot, 17n)).toBe(true)
    expect(BigInt(await chain.anvil.rpc.request<string>('eth_getBalance', [proxy, 'latest']))).toBe(5n)

    chain.finalized = 25n
    expect(await proposer.turn()).toBeNull()
    await chain.anvil.rpc.request('evm_increaseTime', [3_601])
    await chain.anvil.mine()
    expect(await proposer.turn()).toBe(25n)
    expect(await factory.gameCount()).toBe(2n)
  })

  /** The factory with the real permissioned game as type 1, and a game that nobody checks as type 0. */
  async function openPermissioned() {
    const opened = await openFactory()
    const { chain, address } = opened
    const answers = (await chain.send(PROPOSER, null, ONE_AND_ZERO)) as Address
    const vm = await chain.send(PROPOSER, null, answering(answers))
    const depths = [73n, 30n, 10_800n, 302_400n] as const
    const parties = [901n, PROPOSER, CHALLENGER] as const
    const permissioned = await chain.deploy('PermissionedDisputeGame', [
      ...[1, word(1n), ...depths, vm, answers, answers],
      ...parties,
    ])
    const { abi } = artifact('DisputeGameFactory')
    const unchecked = await chain.read<Address>('DisputeGameFactory', address, 'gameImpls', [1])
    for (const [type, game] of [
      [0, unchecked],
      [1, permissioned],
    ] as const) {
      const data = encodeFunctionData({ abi, functionName: 'setImplementation', args: [type, game] })
      await chain.send(PROPOSER, address, data)
    }
    chain.finalized = 17n
    return opened
  }

  it('[PRO-025] makes a permissioned game, which nobody but the proposer can', async () => {
    const { chain, address, target, factory } = await openPermissioned()
    const data = encodeFunctionData({
      abi: artifact('DisputeGameFactory').abi,
      functionName: 'create',
      args: [1, word(0x1234n), gameExtraData(3n)],
    })
    const create = (from: Address) =>
      chain.anvil.rpc.request('eth_call', [{ from, to: address, data, value: '0x5' }, 'latest'])
    await expect(create(CHALLENGER)).rejects.toMatchObject({ data: toFunctionSelector('BadAuth()') })
    await expect(create(PROPOSER)).resolves.toBeDefined()
    expect(await chain.proposer(target).turn()).toBe(17n)
    const { proxy } = await factory.gameAtIndex(0n)
    expect(await factory.creator(proxy)).toBe(PROPOSER)
    expect(await chain.read('PermissionedDisputeGame', proxy, 'rootClaim')).toBe(chain.output(17n).outputRoot)
    expect(await chain.read('PermissionedDisputeGame', proxy, 'l2BlockNumber')).toBe(17n)
  })

  it('[PRO-023] makes games against which the portal lets withdrawals be proven, when their type is the respected one', async () => {
    const { chain, address, target } = await openPermissioned()
    const superchain = await chain.deployProxied('SuperchainConfig', [PROPOSER, false])
    const portal = await chain.deployProxied(
      'OptimismPortal2',
      [address, CHALLENGER, superchain, 1],
      [604_800n, 302_400n],
    )
    expect(await chain.read('OptimismPortal2', portal, 'respectedGameType')).toBe(target.gameType)
    expect(await chain.proposer({ ...target, gameType: 0 }).turn()).toBe(17n)
    expect(await chain.proposer(target).turn()).toBe(17n)

    const { stateRoot, withdrawalStorageRoot, blockRef } = chain.output(17n)
    const output = {
      version: ZERO_HASH,
      stateRoot,
      messagePasserStorageRoot: withdrawalStorageRoot,
      latestBlockhash: blockRef.hash,
    }
    const withdrawal = { nonce: 0n, sender: PROPOSER, target: CHALLENGER, value: 0n, gasLimit: 0n, data: '0x' }
    const prove = (index: bigint) =>
      chain.read('OptimismPortal2', portal, 'proveWithdrawalTransaction', [withdrawal, index, output, []])
    await expect(prove(0n)).rejects.toThrow('invalid game type')
    // The game and its output are accepted; what is missing is the proof of the withdrawal.
    await expect(prove(1n)).rejects.toThrow('MerkleTrie')
  })

  it('[PRO-022] takes a game that exists for done', async () => {
    const { chain, address, target, factory } = await openFactory()
    chain.finalized = 17n
    await chain.createGame(address, chain.output(17n).outputRoot, 17n)
    expect(await factory.gameCount()).toBe(1n)
    expect(await chain.proposer(target).turn()).toBeNull()
    expect(await factory.gameCount()).toBe(1n)
  })

  it('does not count the games of others as its own', async () => {
    const { chain, address, target, factory } = await openFactory()
    await chain.createGame(address, word(0x1234n), 3n)
    chain.finalized = 17n
    expect(await chain.proposer(target).turn()).toBe(17n)
    expect(await factory.gameCount()).toBe(2n)
  })
})

describe('the proposer on its own', () => {
  it('keeps going when the node does not answer, and asks again after the poll interval', async () => {
    const clock = new ManualClock()
    const rollup = scriptedRpc({})
    const l1 = scriptedRpc({ eth_call: () => word(10n) })
    const txs = { address: PROPOSER } as TxManager
    const target = { type: 'l2OutputOracle', address: CHALLENGER } as const
    const proposer = createProposer({ target, rollup, l1, txs, clock })
    await proposer.start()
    await clock.advance(36_000)
    await proposer.close()
    expect(rollup.calls.length).toBeGreaterThanOrEqual(3)
    expect(proposer.running).toBe(false)
  })

  it('refuses flags that name no target, or two', () => {
    const none = {
      l1EthRpc: '',
      rollupRpc: '',
      l2ooAddress: undefined,
      gameFactoryAddress: undefined,
      gameType: 0,
      proposalInterval: 0,
      pollInterval: 1,
      allowNonFinalized: false,
      waitNodeSync: false,
    }
    expect(() => proposerTargetOf(none)).toThrow('l2oo-address or game-factory-address is required')
    expect(() => proposerTargetOf({ ...none, l2ooAddress: PROPOSER, gameFactoryAddress: CHALLENGER })).toThrow(
      'exclude each other',
    )
    expect(() => proposerTargetOf({ ...none, gameFactoryAddress: CHALLENGER })).toThrow('proposal-interval is required')
    expect(proposerTargetOf({ ...none, l2ooAddress: PROPOSER })).toEqual({ type: 'l2OutputOracle', address: PROPOSER })
  })
})
