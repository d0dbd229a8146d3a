import { decodeDepositTx, type Fork, isForkActive, type RollupConfig, upgradeTransactions } from '@keelson/protocol'
import { type Address, bytesToHex, encodeAbiParameters, type Hex, keccak256, stringToHex, toHex } from 'viem'
import { runtimeCode } from '../contracts/artifacts.ts'
import type { L1Deployments } from '../contracts/deployL1.ts'
import { type AllocBuilder, word } from './alloc.ts'
import codes from './codes.json' with { type: 'json' }

const ADMIN_SLOT = '0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103'
const IMPLEMENTATION_SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc'
/** Addresses `0x4200…0000` to `0x4200…07ff` all hold a proxy, except the few that are deployed bare. */
const PROXY_COUNT = 2048

const WETH = predeploy(0x06)
const PROXY_ADMIN = predeploy(0x18)
const GOVERNANCE_TOKEN = predeploy(0x42)
const HISTORY_STORAGE: Address = '0x0000F90827F1C53a10cb7A02335B175320002935'
const HISTORY_STORAGE_SENDER: Address = '0x3462413Af4609098e1E27A490f554f260213D685'

/** The address of the predeploy with this number: `0x4200…0000` + number. */
export function predeploy(number: number): Address {
  return `0x42${number.toString(16).padStart(38, '0')}`
}

/** Where a predeploy's implementation lies: the same number in the code namespace. */
function implementationOf(number: number): Address {
  return `0xc0d3c0d3c0d3c0d3c0d3c0d3c0d3c0d3c0d3${number.toString(16).padStart(4, '0')}`
}

export type PredeployConfig = {
  readonly l1: Pick<L1Deployments, 'L1CrossDomainMessenger' | 'L1StandardBridge' | 'L1ERC721Bridge'>
  readonly l1ChainId: bigint
  readonly l2ChainId: bigint
  /** Owner of the L2 ProxyAdmin and of the governance token; receives the fees of the vaults on L2. */
  readonly admin: Address
  /** The forks that are active at genesis. */
  readonly isActive: (fork: Fork) => boolean
}

/**
 * Puts the predeploys into a genesis: proxies, implementations, and the storage that their initializers would leave.
 *
 * @see specs/protocol/predeploys.md
 */
export async function addPredeploys(alloc: AllocBuilder, config: PredeployConfig): Promise<void> {
  const proxyCode = await runtimeCode('Proxy')
  for (let number = 0; number < PROXY_COUNT; number++) {
    const address = predeploy(number)
    if (address === WETH || address === GOVERNANCE_TOKEN) continue
    alloc.setCode(address, proxyCode).setStorage(address, ADMIN_SLOT, PROXY_ADMIN)
  }
  const implement = (number: number, code: Hex) => {
    const implementation = implementationOf(number)
    alloc.setCode(implementation, code)
    alloc.setStorage(predeploy(number), IMPLEMENTATION_SLOT, implementation)
  }

  const vault = [word('0x0'), word(config.admin), word('0x1')]
  implement(0x00, await runtimeCode('LegacyMessagePasser'))
  implement(0x02, await runtimeCode('DeployerWhitelist'))
  implement(0x07, await runtimeCode('L2CrossDomainMessenger'))
  implement(0x0f, gasPriceOracleCode(config) ?? (await runtimeCode('GasPriceOracle')))
  implement(0x10, await runtimeCode('L2StandardBridge'))
  implement(0x11, await runtimeCode('SequencerFeeVault', vault))
  implement(0x12, await runtimeCode('OptimismMintableERC20Factory'))
  implement(0x13, await runtimeCode('L1BlockNumber'))
  implement(0x14, await runtimeCode('L2ERC721Bridge'))
  implement(0x15, l1BlockCode(config) ?? (await runtimeCode('L1Block')))
  implement(0x16, await runtimeCode('L2ToL1MessagePasser'))
  implement(
    0x17,
    await runtimeCode('OptimismMintableERC721Factory', [word(predeploy(0x14)), word(toHex(config.l1ChainId))]),
  )
  implement(0x18, await runtimeCode('ProxyAdmin'))
  implement(0x19, await runtimeCode('BaseFeeVault', vault))
  implement(0x1a, await runtimeCode('L1FeeVault', vault))
  implement(0x20, await runtimeCode('SchemaRegistry'))
  implement(0x21, await easCode(config.l2ChainId))
  alloc.setCode(WETH, await runtimeCode('WETH'))

  initializeBridges(alloc, config)
  await addGovernanceToken(alloc, config)
  alloc.setStorage(PROXY_ADMIN, 0, config.admin)
  alloc.setStorage(predeploy(0x0f), 0, gasPriceOracleFlags(config))

  if (config.isActive('isthmus')) {
    implement(0x1b, codes.operatorFeeVault as Hex)
    alloc.setCode(HISTORY_STORAGE, codes.historyStorage as Hex).setNonce(HISTORY_STORAGE, 1n)
  }
  // Having sent once, it cannot deploy to another address in the Isthmus upgrade.
  if (config.isActive('isthmus')) alloc.setNonce(HISTORY_STORAGE_SENDER, 1n)
}

/** Storage of the messenger, the bridges and the token factory after `initialize`; implementations stay locked. */
function initializeBridges(alloc: AllocBuilder, { l1 }: PredeployConfig): void {
  const initialized = '0x1'
  const messenger = predeploy(0x07)
  const defaultSender: Hex = '0xdead'
  // `_initialized` shares its slot with a 20-byte gap below it.
  const messengerInitialized: Hex = `0x01${'00'.repeat(20)}`
  for (const address of [messenger, implementationOf(0x07)]) {
    alloc.setStorage(address, 0, messengerInitialized).setStorage(address, 204, defaultSender)
  }
  alloc.setStorage(messenger, 207, l1.L1CrossDomainMessenger)
  for (const address of [predeploy(0x10), implementationOf(0x10)]) {
    alloc.setStorage(address, 0, initialized).setStorage(address, 3, messenger)
  }
  alloc.setStorage(predeploy(0x10), 4, l1.L1StandardBridge)
  for (const address of [predeploy(0x14), implementationOf(0x14)]) {
    alloc.setStorage(address, 0, initialized).setStorage(address, 1, messenger)
  }
  alloc.setStorage(predeploy(0x14), 2, l1.L1ERC721Bridge)
  for (const address of [predeploy(0x12), implementationOf(0x12)]) alloc.setStorage(address, 0, initialized)
  alloc.setStorage(predeploy(0x12), 1, predeploy(0x10))
}

async function addGovernanceToken(alloc: AllocBuilder, config: PredeployConfig): Promise<void> {
  const typeHash = keccak256(
    toHex('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'),
  )
  const immutables = eip712Immutables('Optimism', '1', typeHash, config.l2ChainId, GOVERNANCE_TOKEN)
  alloc
    .setCode(GOVERNANCE_TOKEN, await runtimeCode('GovernanceToken', immutables))
    .setStorage(GOVERNANCE_TOKEN, 3, shortString('Optimism'))
    .setStorage(GOVERNANCE_TOKEN, 4, shortString('OP'))
    .setStorage(GOVERNANCE_TOKEN, 10, config.admin)
}

async function easCode(l2ChainId: bigint): Promise<Hex> {
  const typeHash = keccak256(
    toHex('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'),
  )
  const name = stringToHex('EAS', { size: 32 })
  return runtimeCode('EAS', [...eip712Immutables('EAS', '1.3.0', typeHash, l2ChainId, predeploy(0x21)), name])
}

/** The six immutables of OpenZeppelin's EIP712, in the order of their declaration. */
function eip712Immutables(name: string, version: string, typeHash: Hex, chainId: bigint, contract: Address): Hex[] {
  const nameHash = keccak256(toHex(name))
  const versionHash = keccak256(toHex(version))
  const domain = keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint256' }, { type: 'address' }],
      [typeHash, nameHash, versionHash, chainId, contract],
    ),
  )
  return [domain, word(toHex(chainId)), word(contract), nameHash, versionHash, typeHash]
}

/** A string of up to 31 bytes as Solidity stores it: the bytes, then twice the length in the last byte. */
function shortString(text: string): Hex {
  const bytes = stringToHex(text, { size: 31 })
  return `${bytes}${(text.length * 2).toString(16).padStart(2, '0')}`
}

/** `isEcotone`, `isFjord`, `isIsthmus`, `isJovian`: one byte each, the first one lowest. */
function gasPriceOracleFlags({ isActive }: PredeployConfig): Hex {
  const flags = (['jovian', 'isthmus', 'fjord', 'ecotone'] as const).map((fork) => (isActive(fork) ? '01' : '00'))
  return `0x${flags.join('')}`
}

function l1BlockCode(config: PredeployConfig): Hex | null {
  if (config.isActive('jovian')) return deployedCode('jovian', 0)
  return config.isActive('isthmus') ? deployedCode('isthmus', 0) : null
}

function gasPriceOracleCode(config: PredeployConfig): Hex | null {
  if (config.isActive('jovian')) return deployedCode('jovian', 2)
  return config.isActive('isthmus') ? deployedCode('isthmus', 1) : null
}

/**
 * The runtime code that a fork's upgrade transaction deploys, where its constructor only returns it:
 * `PUSH2 size DUP1 PUSH2 offset PUSH1 0 CODECOPY`.
 */
function deployedCode(fork: 'isthmus' | 'jovian', index: number): Hex {
  const upgrade = { forks: { [fork]: 2n }, blockTime: 2n } as unknown as RollupConfig
  const raw = upgradeTransactions(upgrade, 2n)[index]
  if (!raw || !isForkActive(upgrade, fork, 2n)) throw new Error(`${fork} has no upgrade transaction ${index}`)
  const initCode = bytesToHex(decodeDepositTx(raw).data).slice(2)
  const copy = /61([0-9a-f]{4})8061([0-9a-f]{4})6000396000f3fe/.exec(initCode)
  if (!copy) throw new Error(`${fork} upgrade transaction ${index} is no plain deployment`)
  const [size, offset] = [Number.parseInt(copy[1] as string, 16), Number.parseInt(copy[2] as string, 16)]
  return `0x${initCode.slice(offset * 2, (offset + size) * 2)}`
}
