import {
  applySystemConfigUpdates,
  depositsFromReceipts,
  encodeDepositTx,
  extraDataOf,
  isActivationBlock,
  isForkActive,
  type L1BlockInfo,
  type L2BlockRef,
  l1InfoDepositTx,
  type PayloadAttributes,
  payloadToSystemConfig,
  type RollupConfig,
  type SingularBatch,
  type SystemConfig,
  upgradeGas,
  upgradeTransactions,
  ZERO_HASH,
} from '@keelson/protocol'
import { l2Hash } from './memoryL2.ts'
import type { PureL1Block } from './pureReader.ts'

/** A block of the derived chain. */
export type PureL2Block = {
  readonly ref: L2BlockRef
  readonly systemConfig: SystemConfig
  readonly sequenced: readonly Uint8Array[]
}

/** The attributes of the block that `batch` makes on `parent`. */
export function pureAttributes(
  config: RollupConfig,
  parent: PureL2Block,
  origin: L1BlockInfo,
  receipts: PureL1Block['receipts'],
  batch: SingularBatch,
): PayloadAttributes {
  const isFirst = origin.number !== parent.ref.l1Origin.number
  const time = batch.timestamp
  const epochConfig = isFirst
    ? applySystemConfigUpdates(parent.systemConfig, receipts, config, origin.timestamp)
    : parent.systemConfig
  const sequence = isFirst ? 0n : parent.ref.sequenceNumber + 1n
  const transactions = [l1InfoDepositTx(config, epochConfig, sequence, origin, time)]
  if (isFirst) {
    for (const deposit of depositsFromReceipts(receipts, config.depositContractAddress, origin.hash)) {
      transactions.push(encodeDepositTx(deposit))
    }
  }
  transactions.push(...upgradeTransactions(config, time), ...batch.transactions)
  const attributes: { -readonly [K in keyof PayloadAttributes]: PayloadAttributes[K] } = {
    timestamp: time,
    prevRandao: origin.mixHash,
    suggestedFeeRecipient: '0x4200000000000000000000000000000000000011',
    transactions,
    noTxPool: true,
    gasLimit: epochConfig.gasLimit + upgradeGas(config, time),
  }
  if (isForkActive(config, 'canyon', time)) attributes.withdrawals = []
  if (isForkActive(config, 'ecotone', time))
    attributes.parentBeaconBlockRoot = origin.parentBeaconBlockRoot ?? ZERO_HASH
  if (isForkActive(config, 'holocene', time)) attributes.eip1559Params = epochConfig.eip1559Params
  if (isActivationBlock(config, 'holocene', time)) attributes.eip1559Params = '0x0000000000000000'
  if (isForkActive(config, 'jovian', time)) attributes.minBaseFee = epochConfig.minBaseFee
  return attributes
}

/** The block that an engine would make of such attributes, with a made-up hash. */
export function pureBlock(
  config: RollupConfig,
  { ref: parent }: PureL2Block,
  attributes: PayloadAttributes,
  batch: SingularBatch,
): PureL2Block {
  const { timestamp, transactions, gasLimit } = attributes
  const hash = l2Hash(parent, timestamp, transactions)
  const number = parent.number + 1n
  const extraData = extraDataOf(config, attributes)
  const facts = {
    blockHash: hash,
    blockNumber: number,
    parentHash: parent.hash,
    extraData,
    timestamp,
    transactions,
    gasLimit,
  }
  return {
    ref: {
      hash,
      number,
      parentHash: parent.hash,
      timestamp,
      l1Origin: { hash: batch.epochHash, number: batch.epochNumber },
      sequenceNumber: batch.epochNumber !== parent.l1Origin.number ? 0n : parent.sequenceNumber + 1n,
    },
    systemConfig: payloadToSystemConfig(config, facts),
    sequenced: transactions.filter((tx) => tx[0] !== 0x7e),
  }
}
