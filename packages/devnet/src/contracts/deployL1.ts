import {
  type Abi,
  type Address,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  maxUint128,
  padHex,
  type TestClient,
  zeroAddress,
} from 'viem'
import { loadArtifact } from './artifacts.ts'

/** The L1 contracts of a chain: proxies where there is one. */
export type L1Deployments = {
  readonly AddressManager: Address
  readonly ProxyAdmin: Address
  readonly SuperchainConfig: Address
  readonly ProtocolVersions: Address
  readonly SystemConfig: Address
  readonly OptimismPortal: Address
  readonly L2OutputOracle: Address
  readonly L1CrossDomainMessenger: Address
  readonly L1StandardBridge: Address
  readonly L1ERC721Bridge: Address
  readonly OptimismMintableERC20Factory: Address
}

export type L1DeployConfig = {
  readonly admin: Address
  readonly batcher: Address
  readonly proposer: Address
  readonly challenger: Address
  readonly unsafeBlockSigner: Address
  readonly batchInbox: Address
  readonly l2BlockTime: bigint
  readonly l2GasLimit: bigint
  readonly basefeeScalar: number
  readonly blobbasefeeScalar: number
  /** L2 blocks between two outputs. */
  readonly outputInterval: bigint
  readonly finalizationPeriodSeconds: bigint
  /** Wei that the admin donates to the portal. */
  readonly portalFunds: bigint
  /** Timestamp of L2 genesis, and of the L1 block that the deployment is mined in. */
  readonly genesisTimestamp: bigint
}

/** What L1 holds after the deployment, mined in one block. */
export type L1Deployment = { readonly contracts: L1Deployments; readonly blockNumber: bigint }

const MESSENGER_NAME = 'OVM_L1CrossDomainMessenger'

/** The deposit fee market that OP chains use. */
const RESOURCE_CONFIG = {
  maxResourceLimit: 20_000_000,
  elasticityMultiplier: 10,
  baseFeeMaxChangeDenominator: 8,
  minimumBaseFee: 1_000_000_000,
  systemTxMaxGas: 1_000_000,
  maximumBaseFee: maxUint128,
} as const

/**
 * Deploys and initializes the L1 contracts behind their proxies, all in one L1 block.
 *
 * Addresses follow from the admin's nonce, so every transaction can be written before the first is mined. The client
 * must be an anvil without automine, on which `admin` is unlocked and has nonce `0` or more.
 *
 * @throws when a transaction reverts, naming it
 */
export async function deployL1(client: TestClient, config: L1DeployConfig): Promise<L1Deployment> {
  const request = client.request as unknown as (call: { method: string; params: unknown[] }) => Promise<unknown>
  const firstNonce = BigInt(
    (await request({ method: 'eth_getTransactionCount', params: [config.admin, 'latest'] })) as Hex,
  )
  const sent: { label: string; hash: Promise<unknown> }[] = []

  const send = (label: string, to: Address | null, data: Hex, value = 0n): bigint => {
    const nonce = firstNonce + BigInt(sent.length)
    const gas = to === null ? 8_000_000 : 2_000_000
    const tx = {
      from: config.admin,
      ...(to && { to }),
      data,
      value: hex(value),
      nonce: hex(nonce),
      gas: hex(gas),
      gasPrice: hex(10_000_000_000),
    }
    const hash = request({ method: 'eth_sendTransaction', params: [tx] })
    // Awaited with the others, at the end: until then a failure must not count as nobody's.
    hash.catch(() => {})
    sent.push({ label, hash })
    return nonce
  }
  const deploy = async (name: string, args: readonly unknown[] = []): Promise<Address> => {
    const { abi, bytecode } = await loadArtifact(name)
    const nonce = send(`deploy ${name}`, null, encodeDeployData({ abi, bytecode, args }))
    return getContractAddress({ from: config.admin, nonce })
  }
  const call = async (artifact: string, to: Address, functionName: string, args: readonly unknown[], value = 0n) => {
    const { abi } = await loadArtifact(artifact)
    send(`${artifact}.${functionName}`, to, encodeFunctionData({ abi: abi as Abi, functionName, args }), value)
  }

  const AddressManager = await deploy('AddressManager')
  const ProxyAdmin = await deploy('ProxyAdmin', [config.admin])
  const proxy = () => deploy('Proxy', [ProxyAdmin])
  const contracts: L1Deployments = {
    AddressManager,
    ProxyAdmin,
    SuperchainConfig: await proxy(),
    ProtocolVersions: await proxy(),
    SystemConfig: await proxy(),
    OptimismPortal: await proxy(),
    L2OutputOracle: await proxy(),
    L1CrossDomainMessenger: await deploy('ResolvedDelegateProxy', [AddressManager, MESSENGER_NAME]),
    L1StandardBridge: await deploy('L1ChugSplashProxy', [ProxyAdmin]),
    L1ERC721Bridge: await proxy(),
    OptimismMintableERC20Factory: await proxy(),
  }

  // The admin drives two proxies of an older kind, as on the chains that are older than the others.
  await call('ProxyAdmin', ProxyAdmin, 'setAddressManager', [AddressManager])
  await call('ProxyAdmin', ProxyAdmin, 'setProxyType', [contracts.L1StandardBridge, 1])
  await call('ProxyAdmin', ProxyAdmin, 'setProxyType', [contracts.L1CrossDomainMessenger, 2])
  await call('ProxyAdmin', ProxyAdmin, 'setImplementationName', [contracts.L1CrossDomainMessenger, MESSENGER_NAME])
  await call('AddressManager', AddressManager, 'transferOwnership', [ProxyAdmin])

  const initialize = async (
    name: Exclude<keyof L1Deployments, 'AddressManager' | 'ProxyAdmin'>,
    args: readonly unknown[],
  ) => {
    const implementation = await deploy(name)
    const { abi } = await loadArtifact(name)
    const data = encodeFunctionData({ abi: abi as Abi, functionName: 'initialize', args })
    await call('ProxyAdmin', ProxyAdmin, 'upgradeAndCall', [contracts[name], implementation, data])
  }
  await initialize('SuperchainConfig', [config.admin, false])
  await initialize('ProtocolVersions', [config.admin, 0n, 0n])
  await initialize('SystemConfig', [
    config.admin,
    config.basefeeScalar,
    config.blobbasefeeScalar,
    padHex(config.batcher, { size: 32 }),
    config.l2GasLimit,
    config.unsafeBlockSigner,
    RESOURCE_CONFIG,
    config.batchInbox,
    {
      l1CrossDomainMessenger: contracts.L1CrossDomainMessenger,
      l1ERC721Bridge: contracts.L1ERC721Bridge,
      l1StandardBridge: contracts.L1StandardBridge,
      disputeGameFactory: zeroAddress,
      optimismPortal: contracts.OptimismPortal,
      optimismMintableERC20Factory: contracts.OptimismMintableERC20Factory,
      gasPayingToken: zeroAddress,
    },
  ])
  await initialize('L2OutputOracle', [
    config.outputInterval,
    config.l2BlockTime,
    0n,
    config.genesisTimestamp,
    config.proposer,
    config.challenger,
    config.finalizationPeriodSeconds,
  ])
  await initialize('OptimismPortal', [contracts.L2OutputOracle, contracts.SystemConfig, contracts.SuperchainConfig])
  await initialize('L1CrossDomainMessenger', [
    contracts.SuperchainConfig,
    contracts.OptimismPortal,
    contracts.SystemConfig,
  ])
  await initialize('L1StandardBridge', [
    contracts.L1CrossDomainMessenger,
    contracts.SuperchainConfig,
    contracts.SystemConfig,
  ])
  await initialize('L1ERC721Bridge', [contracts.L1CrossDomainMessenger, contracts.SuperchainConfig])
  await initialize('OptimismMintableERC20Factory', [contracts.L1StandardBridge])

  await call('OptimismPortal', contracts.OptimismPortal, 'donateETH', [], config.portalFunds)

  const hashes = await Promise.all(sent.map(({ hash }) => hash))
  await request({ method: 'evm_setNextBlockTimestamp', params: [hex(config.genesisTimestamp)] })
  await request({ method: 'evm_mine', params: [] })
  const receipts = (await Promise.all(
    hashes.map((hash) => request({ method: 'eth_getTransactionReceipt', params: [hash] })),
  )) as ({ status: Hex; blockNumber: Hex } | null)[]
  receipts.forEach((receipt, i) => {
    if (receipt?.status !== '0x1') {
      throw new Error(`L1 deployment: ${sent[i]?.label} ${receipt ? 'reverted' : 'was not mined'}`)
    }
  })
  return { contracts, blockNumber: BigInt(receipts.at(-1)?.blockNumber ?? 0) }
}

function hex(quantity: bigint | number): Hex {
  return `0x${quantity.toString(16)}`
}
