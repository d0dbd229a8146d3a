import { PREDEPLOYS } from '../predeploys.ts'
import type { Address } from '../primitives.ts'
import { KARST_CODE } from './karstCode.ts'
import { DEPOSITOR_ACCOUNT, enable, proxyUpgrade, type UpgradeBundle, type UpgradeTx } from './upgradeTx.ts'

/** Deploys at addresses that depend on the code alone; a genesis without it cannot run Karst's bundle. */
const CREATE2_FACTORY: Address = '0x4e59b44847b379578588920ca78fbf26c0b4956c'

/** Has the ConditionalDeployer make an implementation, unless it is there. */
function implementation(name: string, gas: bigint, size: number): UpgradeTx {
  const intent = `Deploy ${name} Implementation`
  return { intent, from: DEPOSITOR_ACCOUNT, to: PREDEPLOYS.conditionalDeployer, gas, data: size }
}

const TRANSACTIONS: readonly UpgradeTx[] = [
  { intent: 'ConditionalDeployer Deployment', from: DEPOSITOR_ACCOUNT, to: CREATE2_FACTORY, gas: 580_000n, data: 1528 },
  proxyUpgrade(
    'Upgrade ConditionalDeployer Implementation',
    PREDEPLOYS.conditionalDeployer,
    '0x906835344844979ffd3a752eaa23728d513db00b',
    77_000n,
  ),
  implementation('StorageSetter', 498_000n, 1284),
  implementation('L2CrossDomainMessenger', 3_129_000n, 9028),
  implementation('GasPriceOracle', 2_762_000n, 8004),
  implementation('L2StandardBridge', 4_193_000n, 12196),
  implementation('SequencerFeeVault', 1_506_000n, 4356),
  implementation('OptimismMintableERC20Factory', 4_193_000n, 12260),
  implementation('L2ERC721Bridge', 2_367_000n, 6948),
  implementation('L1Block', 1_191_000n, 3364),
  implementation('L2ToL1MessagePasser', 694_000n, 1892),
  implementation('OptimismMintableERC721Factory', 5_661_000n, 16388),
  implementation('L2ProxyAdmin', 2_541_000n, 7428),
  implementation('BaseFeeVault', 1_503_000n, 4356),
  implementation('L1FeeVault', 260_550n, 4356),
  implementation('OperatorFeeVault', 1_504_000n, 4356),
  implementation('SchemaRegistry', 805_000n, 2180),
  implementation('EAS', 6_251_000n, 18244),
  implementation('ConditionalDeployer', 116_400n, 1604),
  implementation('L2DevFeatureFlags', 315_000n, 772),
  implementation('CrossL2Inbox', 668_000n, 1796),
  implementation('L2ToL2CrossDomainMessenger', 1_611_000n, 4612),
  implementation('SuperchainETHBridge', 757_000n, 2084),
  implementation('ETHLiquidity', 423_000n, 1060),
  implementation('L1BlockCGT', 1_568_000n, 4388),
  implementation('L2ToL1MessagePasserCGT', 827_000n, 2276),
  implementation('LiquidityController', 1_870_000n, 5348),
  implementation('NativeAssetLiquidity', 392_000n, 996),
  proxyUpgrade(
    'Upgrade L2ProxyAdmin Implementation',
    PREDEPLOYS.proxyAdmin,
    '0x893c2ceeb71d38514daf67728d3ff1b213fc4b5f',
    49_711n,
  ),
  implementation('L2ContractsManager', 4_942_996n, 16516),
  enable(
    'L2ProxyAdmin Upgrade Predeploys',
    PREDEPLOYS.proxyAdmin,
    2_115_000n,
    '0x7c36f37e0000000000000000000000005398a70eb0929dd7bfc73c59e7137d8c7cdf6669',
  ),
]

/**
 * Karst: every predeploy in a new version, switched over by the L2ProxyAdmin in the last transaction. What is hashed
 * for the source hash has the fork and the row's index before the intent.
 *
 * @see specs/protocol/karst/derivation.md
 */
export const KARST_UPGRADE: UpgradeBundle = {
  transactions: TRANSACTIONS.map((tx, index) => ({ ...tx, intent: `Karst ${index}: ${tx.intent}` })),
  packedCode: KARST_CODE,
}
