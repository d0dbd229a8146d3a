import { isForkActive } from '@keelson/protocol'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { fastLzSize } from './fastLz.ts'

/** What the L1Block contract holds of L1, as execution reads it after the block's attributes transaction. */
export type L1FeeParams = {
  readonly l1BaseFee: bigint
  /** Until Delta, and in Ecotone's activation block. */
  readonly overhead: bigint
  readonly scalar: bigint
  /** From Ecotone. */
  readonly blobBaseFee: bigint
  readonly baseFeeScalar: bigint
  readonly blobBaseFeeScalar: bigint
  /** From Isthmus. */
  readonly operatorFeeScalar: bigint
  readonly operatorFeeConstant: bigint
  /** From Jovian. */
  readonly daFootprintGasScalar: bigint
}

const SLOT = { l1BaseFee: 1n, scalars: 3n, overhead: 5n, scalar: 6n, blobBaseFee: 7n, operator: 8n } as const

const U64 = 0xffff_ffff_ffff_ffffn
const U32 = 0xffff_ffffn

/**
 * Reads the fee parameters from the storage of L1Block.
 *
 *   slot 3   … ‖ baseFeeScalar u32 ‖ blobBaseFeeScalar u32 ‖ sequenceNumber u64      (bytes 16–20, 20–24)
 *   slot 8   … ‖ daFootprintGasScalar u16 ‖ operatorFeeScalar u32 ‖ constant u64     (bytes 18–20, 20–24, 24–32)
 *
 * Each slot is read when first asked for: a stateless execution has only those that its fork looks at.
 *
 * @param readSlot - a slot of L1Block
 */
export function readL1FeeParams(readSlot: (slot: bigint) => bigint): L1FeeParams {
  const read = new Map<bigint, bigint>()
  const slot = (number: bigint): bigint => {
    let value = read.get(number)
    if (value === undefined) {
      value = readSlot(number)
      read.set(number, value)
    }
    return value
  }
  return {
    get l1BaseFee() {
      return slot(SLOT.l1BaseFee)
    },
    get overhead() {
      return slot(SLOT.overhead)
    },
    get scalar() {
      return slot(SLOT.scalar)
    },
    get blobBaseFee() {
      return slot(SLOT.blobBaseFee)
    },
    get baseFeeScalar() {
      return (slot(SLOT.scalars) >> 96n) & U32
    },
    get blobBaseFeeScalar() {
      return (slot(SLOT.scalars) >> 64n) & U32
    },
    get operatorFeeScalar() {
      return (slot(SLOT.operator) >> 64n) & U32
    },
    get operatorFeeConstant() {
      return slot(SLOT.operator) & U64
    },
    get daFootprintGasScalar() {
      return (slot(SLOT.operator) >> 96n) & 0xffffn
    },
  }
}

/** Calldata gas of a signed transaction: 4 per zero byte, 16 per other byte. */
export function calldataGas(tx: Uint8Array): bigint {
  let zeroes = 0
  for (let i = 0; i < tx.length; i++) if (tx[i] === 0) zeroes++
  return BigInt(zeroes * 4 + (tx.length - zeroes) * 16)
}

/** Before Regolith the signature counted with 68 bytes, although it was in the data already. */
const BEDROCK_SIGNATURE_GAS = 68n * 16n

const MIN_SIZE_SCALED = 100_000_000n
const SIZE_INTERCEPT = -42_585_600n
const SIZE_PER_FASTLZ_BYTE = 836_500n

/**
 * Estimated size of a transaction in a batch, in millionths of a byte (Fjord).
 *
 * @see specs/protocol/fjord/exec-engine.md#fjord-l1-cost-fee-changes-fastlz-estimator
 */
export function estimatedSizeScaled(fastLzLength: number): bigint {
  const estimate = SIZE_INTERCEPT + SIZE_PER_FASTLZ_BYTE * BigInt(fastLzLength)
  return estimate < MIN_SIZE_SCALED ? MIN_SIZE_SCALED : estimate
}

/** Gas on L1 that receipts name for the transaction; from Fjord an estimate nobody should use. */
export function l1GasUsed(spec: ChainSpec, timestamp: bigint, params: L1FeeParams, tx: Uint8Array): bigint {
  if (isForkActive(spec, 'fjord', timestamp)) return (estimatedSizeScaled(fastLzSize(tx)) * 16n) / 1_000_000n
  const gas = calldataGas(tx)
  if (isForkActive(spec, 'ecotone', timestamp) && !hasNoEcotoneValues(params)) return gas
  return bedrockGas(spec, timestamp, gas) + params.overhead
}

function bedrockGas(spec: ChainSpec, timestamp: bigint, gas: bigint): bigint {
  return isForkActive(spec, 'regolith', timestamp) ? gas : gas + BEDROCK_SIGNATURE_GAS
}

/** Whether L1Block still has the values of before Ecotone, as in its activation block. */
export const hasNoEcotoneValues = (params: L1FeeParams): boolean =>
  params.blobBaseFee === 0n && params.baseFeeScalar === 0n && params.blobBaseFeeScalar === 0n

/** Both scalars' prices, per 16 millionths of calldata gas. */
const priceScaled = (params: L1FeeParams): bigint =>
  16n * params.baseFeeScalar * params.l1BaseFee + params.blobBaseFeeScalar * params.blobBaseFee

/** The L1 fee from Fjord of a transaction that FastLZ makes this long. */
export function fjordL1Fee(params: L1FeeParams, fastLzLength: number): bigint {
  return (estimatedSizeScaled(fastLzLength) * priceScaled(params)) / 1_000_000_000_000n
}

/**
 * What a transaction pays for its data on L1, in wei. Charged in full before execution, whatever the gas used.
 *
 * @param tx - the signed EIP-2718 encoding; for nothing (a simulated call) the cost is 0
 * @param timestamp - of the L2 block
 * @see specs/protocol/exec-engine.md#l1-cost-fees-l1-fee-vault
 */
export function l1Fee(spec: ChainSpec, timestamp: bigint, params: L1FeeParams, tx: Uint8Array): bigint {
  if (tx.length === 0) return 0n
  if (isForkActive(spec, 'ecotone', timestamp) && !hasNoEcotoneValues(params)) {
    if (isForkActive(spec, 'fjord', timestamp)) return fjordL1Fee(params, fastLzSize(tx))
    return (calldataGas(tx) * priceScaled(params)) / 16_000_000n
  }
  const gas = bedrockGas(spec, timestamp, calldataGas(tx)) + params.overhead
  return (gas * params.l1BaseFee * params.scalar) / 1_000_000n
}

/**
 * What the operator asks for `gas`, in wei (Isthmus; another formula from Jovian).
 *
 * @see specs/protocol/jovian/exec-engine.md#fee-formula-update
 */
export function operatorFee(spec: ChainSpec, timestamp: bigint, params: L1FeeParams, gas: bigint): bigint {
  if (!isForkActive(spec, 'isthmus', timestamp)) return 0n
  const { operatorFeeScalar, operatorFeeConstant } = params
  if (isForkActive(spec, 'jovian', timestamp)) return gas * operatorFeeScalar * 100n + operatorFeeConstant
  return (gas * operatorFeeScalar) / 1_000_000n + operatorFeeConstant
}

/**
 * What a transaction adds to its block's DA footprint, in gas (Jovian).
 *
 * @see specs/protocol/jovian/exec-engine.md#da-footprint-block-limit
 */
export function daFootprint(params: L1FeeParams, fastLzLength: number): bigint {
  return (estimatedSizeScaled(fastLzLength) / 1_000_000n) * params.daFootprintGasScalar
}
