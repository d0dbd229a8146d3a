import { CodecError } from './codecError.ts'
import { isDepositTx } from './depositTx.ts'
import { decodeExtraData, encodeEip1559Params } from './extraData.ts'
import { encodeEcotoneScalars, encodeOperatorFeeParams } from './feeScalars.ts'
import { isActivationBlock, isForkActive } from './forks.ts'
import { decodeL1InfoTx, type L1InfoValues } from './l1InfoTx.ts'
import type { ExecutionPayload } from './payload.ts'
import { ZERO_HASH } from './primitives.ts'
import type { L2BlockRef } from './refs.ts'
import type { RollupConfig } from './rollupConfig.ts'
import type { SystemConfig } from './systemConfig.ts'
import { KARST_UPGRADE_GAS } from './upgrades/upgradeGas.ts'

/** What is read of a payload for refs and system configs. */
type PayloadFacts = Pick<
  ExecutionPayload,
  'blockHash' | 'blockNumber' | 'parentHash' | 'timestamp' | 'transactions' | 'gasLimit' | 'extraData'
>

/** Whether this is the L2 genesis block; one of its height with another hash is of another chain. */
function isGenesis(config: RollupConfig, { blockHash, blockNumber }: PayloadFacts): boolean {
  const { l2 } = config.genesis
  if (blockNumber !== l2.number) return false
  if (blockHash !== l2.hash) {
    throw new CodecError('badPayload', { reason: `L2 genesis block is ${blockHash} instead of ${l2.hash}` })
  }
  return true
}

/**
 * The L1 attributes of a block after genesis.
 *
 * @throws {CodecError} `badPayload` when the first transaction is no deposit; those of {@link decodeL1InfoTx}
 */
export function payloadL1Info(payload: Pick<ExecutionPayload, 'transactions' | 'blockHash'>): L1InfoValues {
  const first = payload.transactions[0]
  if (!first || !isDepositTx(first)) {
    throw new CodecError('badPayload', { reason: `block ${payload.blockHash} does not begin with L1 attributes` })
  }
  return decodeL1InfoTx(first)
}

/**
 * The ref of an L2 block, its origin read from its L1 attributes, or from the config at genesis.
 *
 * @throws {CodecError} `badPayload`, `badL1Info`, …: the block is none of this chain
 */
export function payloadToL2BlockRef(config: RollupConfig, payload: PayloadFacts): L2BlockRef {
  const ref = {
    hash: payload.blockHash,
    number: payload.blockNumber,
    parentHash: payload.parentHash,
    timestamp: payload.timestamp,
  }
  if (isGenesis(config, payload)) return { ...ref, l1Origin: config.genesis.l1, sequenceNumber: 0n }
  const info = payloadL1Info(payload)
  return { ...ref, l1Origin: { hash: info.blockHash, number: info.number }, sequenceNumber: info.sequenceNumber }
}

/** The gas limit that the system config had: the header's, less what the Karst activation block was given on top. */
function configuredGasLimit(config: RollupConfig, payload: PayloadFacts): bigint {
  if (config.keepKarstUpgradeGas || !isActivationBlock(config, 'karst', payload.timestamp)) return payload.gasLimit
  const gasLimit = payload.gasLimit - KARST_UPGRADE_GAS
  if (gasLimit < 0n) {
    throw new CodecError('badPayload', { reason: `gas limit ${payload.gasLimit} is below the upgrade gas` })
  }
  return gasLimit
}

/**
 * The system config as it stands in an L2 block: what its L1 attributes, gas limit and extra data encode. What its
 * format cannot hold yet is zero. At genesis: that of the rollup config.
 *
 * @throws {CodecError} `badPayload`, `badL1Info`, `badExtraData`, …: the block is none of this chain
 * @see specs/protocol/derivation.md#payload-attributes-derivation
 */
export function payloadToSystemConfig(config: RollupConfig, payload: PayloadFacts): SystemConfig {
  if (isGenesis(config, payload)) return config.genesis.systemConfig
  const info = payloadL1Info(payload)
  const isHolocene = isForkActive(config, 'holocene', payload.timestamp)
  const fees = isHolocene ? decodeExtraData(payload.extraData) : null
  return {
    batcherAddress: info.batcherAddress,
    overhead: info.overhead ?? ZERO_HASH,
    scalar:
      info.scalar ??
      encodeEcotoneScalars({
        baseFeeScalar: info.baseFeeScalar ?? 0,
        blobBaseFeeScalar: info.blobBaseFeeScalar ?? 0,
      }),
    gasLimit: configuredGasLimit(config, payload),
    eip1559Params: fees ? encodeEip1559Params(fees) : '0x0000000000000000',
    operatorFeeParams: encodeOperatorFeeParams({
      scalar: info.operatorFeeScalar ?? 0,
      constant: info.operatorFeeConstant ?? 0n,
    }),
    minBaseFee: fees?.minBaseFee ?? 0n,
    daFootprintGasScalar: BigInt(info.daFootprintGasScalar ?? 0),
  }
}
