import type { Address, Hash, Hex } from './primitives.ts'

/**
 * The values that the L1 SystemConfig contract passes on to L2.
 *
 * `overhead` and `scalar` are the raw 32-byte words of the contract (from Ecotone, `scalar` is the versioned encoding
 * of two scalars and `overhead` is zero).
 *
 * @see specs/protocol/system-config.md
 */
export type SystemConfig = {
  readonly batcherAddress: Address
  readonly overhead: Hash
  readonly scalar: Hash
  readonly gasLimit: bigint
  /** 8 bytes: denominator u32 ‖ elasticity u32; zero means the chain's constants (Holocene). */
  readonly eip1559Params: Hex
  /** 32 bytes: 20 zero ‖ scalar u32 ‖ constant u64 (Isthmus). */
  readonly operatorFeeParams: Hash
  /** Wei (Jovian). */
  readonly minBaseFee: bigint
  /** Jovian. */
  readonly daFootprintGasScalar: bigint
}
