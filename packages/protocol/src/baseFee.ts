import { chainEip1559Params, decodeExtraData } from './extraData.ts'
import { isForkActive } from './forks.ts'
import type { Hex } from './primitives.ts'
import type { RollupConfig } from './rollupConfig.ts'

/** What is read of the parent for the base fee of the next block. */
export type BaseFeeParent = {
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly baseFeePerGas: bigint
  readonly extraData: Hex
  /** From Jovian: the DA footprint, which is metered when it exceeds the gas used. */
  readonly blobGasUsed?: bigint
}

/** EIP-1559's step, with the parameters given. A change upwards is at least 1 wei. */
export function eip1559BaseFee(
  parent: { readonly baseFeePerGas: bigint; readonly gasLimit: bigint; readonly gasMetered: bigint },
  params: { readonly denominator: bigint; readonly elasticity: bigint },
): bigint {
  const target = parent.gasLimit / params.elasticity
  if (parent.gasMetered === target || target === 0n) return parent.baseFeePerGas
  if (parent.gasMetered > target) {
    const delta = (parent.baseFeePerGas * (parent.gasMetered - target)) / target / params.denominator
    return parent.baseFeePerGas + (delta > 1n ? delta : 1n)
  }
  const delta = (parent.baseFeePerGas * (target - parent.gasMetered)) / target / params.denominator
  return delta < parent.baseFeePerGas ? parent.baseFeePerGas - delta : 0n
}

/**
 * The base fee of the block at `timestamp` on top of `parent`, in wei.
 *
 * Up to Granite the chain's constants at the new block's time; from Holocene the parent's extraData; from Jovian the
 * larger of gas and DA footprint is metered and the fee has a floor. All but the first go by the parent's time.
 *
 * @throws {CodecError} `badExtraData` when a Holocene parent's cannot be read
 * @see specs/protocol/holocene/exec-engine.md#base-fee-computation
 */
export function nextBaseFee(
  config: Pick<RollupConfig, 'forks' | 'chainOpConfig'>,
  parent: BaseFeeParent,
  timestamp: bigint,
): bigint {
  if (!isForkActive(config, 'holocene', parent.timestamp)) {
    return eip1559BaseFee({ ...parent, gasMetered: parent.gasUsed }, chainEip1559Params(config, timestamp))
  }
  const { denominator, elasticity, minBaseFee = 0n } = decodeExtraData(parent.extraData)
  const params = { denominator: BigInt(denominator), elasticity: BigInt(elasticity) }
  const footprint = isForkActive(config, 'jovian', parent.timestamp) ? (parent.blobGasUsed ?? 0n) : 0n
  const gasMetered = footprint > parent.gasUsed ? footprint : parent.gasUsed
  const baseFee = eip1559BaseFee({ ...parent, gasMetered }, params)
  if (baseFee < minBaseFee) return minBaseFee
  return baseFee
}
