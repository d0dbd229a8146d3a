import {
  applySystemConfigUpdates,
  type BlockId,
  CodecError,
  depositsFromReceipts,
  encodeDepositTx,
  type Hex,
  isActivationBlock,
  isForkActive,
  type L1BlockInfo,
  type L1ChainConfig,
  type L1Receipt,
  type L2BlockRef,
  l1InfoDepositTx,
  type PayloadAttributes,
  PREDEPLOYS,
  type RollupConfig,
  type SystemConfig,
  upgradeGas,
  upgradeTransactions,
  ZERO_HASH,
} from '@keelson/protocol'
import { DerivationError } from './errors.ts'
import type { L1Provider, L2Provider } from './providers.ts'

export type AttributesBuilderParts = {
  readonly config: RollupConfig
  readonly l1: Pick<L1Provider, 'getBlockInfo' | 'getReceipts'>
  readonly l2: Pick<L2Provider, 'getSystemConfigByL2Hash'>
  /** Needed for an L1 that is not built in and has blobs. */
  readonly l1Config?: L1ChainConfig | undefined
}

export interface AttributesBuilder {
  /**
   * The attributes of the block after `parent` with L1 origin `epoch`: deposits and upgrade transactions, no sequenced
   * transaction yet. Derivation and sequencer share it, so that their blocks are equal.
   *
   * @throws {DerivationError} `epochNotNext`, `epochHashMismatch`, `timeBeforeOrigin`, `l1BlockMissing` (reset);
   *   `systemConfigMissing` (temporary); `badDeposits`, `badL1Attributes` (critical)
   */
  buildAttributes(parent: L2BlockRef, epoch: BlockId): Promise<PayloadAttributes>
}

const ZERO_EIP1559_PARAMS: Hex = '0x0000000000000000'
const NO_DEPOSITS: readonly Uint8Array[] = []

/** Makes the builder of payload attributes. @see specs/protocol/derivation.md#deriving-payload-attributes */
export function createAttributesBuilder({ config, l1, l2, l1Config }: AttributesBuilderParts): AttributesBuilder {
  // Every block of an epoch asks for the same header.
  let lastInfo: L1BlockInfo | null = null

  async function l1Info(epoch: BlockId): Promise<L1BlockInfo> {
    if (lastInfo?.hash === epoch.hash) return lastInfo
    const info = await l1.getBlockInfo(epoch.hash)
    if (!info) throw new DerivationError('l1BlockMissing', { block: epoch, what: 'header' })
    lastInfo = info
    return info
  }

  async function l1Receipts(epoch: BlockId): Promise<readonly L1Receipt[]> {
    const receipts = await l1.getReceipts(epoch.hash)
    if (!receipts) throw new DerivationError('l1BlockMissing', { block: epoch, what: 'receipts' })
    return receipts
  }

  return {
    async buildAttributes(parent, epoch) {
      const parentConfig = await l2.getSystemConfigByL2Hash(parent.hash)
      if (!parentConfig) throw new DerivationError('systemConfigMissing', { block: parent })
      const info = await l1Info(epoch)

      let systemConfig = parentConfig
      let deposits = NO_DEPOSITS
      let sequenceNumber = 0n
      if (parent.l1Origin.number !== epoch.number) {
        if (info.parentHash !== parent.l1Origin.hash) {
          throw new DerivationError('epochNotNext', {
            parentOrigin: parent.l1Origin,
            epoch,
            epochParentHash: info.parentHash,
          })
        }
        const receipts = await l1Receipts(epoch)
        deposits = userDeposits(config, receipts, epoch)
        systemConfig = applySystemConfigUpdates(parentConfig, receipts, config, info.timestamp)
      } else {
        if (parent.l1Origin.hash !== epoch.hash) {
          throw new DerivationError('epochHashMismatch', { parentOrigin: parent.l1Origin, epoch })
        }
        sequenceNumber = parent.sequenceNumber + 1n
      }

      const timestamp = parent.timestamp + config.blockTime
      if (timestamp < info.timestamp) {
        throw new DerivationError('timeBeforeOrigin', { parent, timestamp, epoch, epochTimestamp: info.timestamp })
      }
      const l1InfoTx = codecFault(
        () => l1InfoDepositTx(config, systemConfig, sequenceNumber, info, timestamp, l1Config ?? null),
        (cause) => new DerivationError('badL1Attributes', { parent, epoch }, { cause }),
      )
      return {
        timestamp,
        prevRandao: info.mixHash,
        suggestedFeeRecipient: PREDEPLOYS.sequencerFeeVault,
        transactions: [l1InfoTx, ...deposits, ...upgradeTransactions(config, timestamp)],
        noTxPool: true,
        gasLimit: systemConfig.gasLimit + upgradeGas(config, timestamp),
        ...forkAttributes(config, systemConfig, info, timestamp),
      }
    },
  }
}

function userDeposits(config: RollupConfig, receipts: readonly L1Receipt[], epoch: BlockId): Uint8Array[] {
  return codecFault(
    () => depositsFromReceipts(receipts, config.depositContractAddress, epoch.hash).map(encodeDepositTx),
    (cause) => new DerivationError('badDeposits', { block: epoch }, { cause }),
  )
}

/** Runs `make`; what the codecs refuse there is a fault of derivation. */
function codecFault<T>(make: () => T, fault: (cause: CodecError) => DerivationError): T {
  try {
    return make()
  } catch (cause) {
    throw cause instanceof CodecError ? fault(cause) : cause
  }
}

/** The attributes that came with later forks, absent before them. */
function forkAttributes(
  config: RollupConfig,
  systemConfig: SystemConfig,
  info: L1BlockInfo,
  timestamp: bigint,
): Pick<PayloadAttributes, 'withdrawals' | 'parentBeaconBlockRoot' | 'eip1559Params' | 'minBaseFee'> {
  if (!isForkActive(config, 'canyon', timestamp)) return {}
  const isHolocene = isForkActive(config, 'holocene', timestamp)
  // The parent of the activation block cannot hold the parameters; the engine reads zero as the chain's constants.
  const isFirstHolocene = isActivationBlock(config, 'holocene', timestamp)
  return {
    withdrawals: [],
    ...(isForkActive(config, 'ecotone', timestamp) && {
      parentBeaconBlockRoot: info.parentBeaconBlockRoot ?? ZERO_HASH,
    }),
    ...(isHolocene && { eip1559Params: isFirstHolocene ? ZERO_EIP1559_PARAMS : systemConfig.eip1559Params }),
    ...(isForkActive(config, 'jovian', timestamp) && { minBaseFee: systemConfig.minBaseFee }),
  }
}
