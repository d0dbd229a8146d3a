import type { Address, Hash, Hex } from './primitives.ts'

/** An L1 withdrawal as the payload format has it. The OP Stack's lists of them are always empty. */
export type Withdrawal = {
  readonly index: bigint
  readonly validatorIndex: bigint
  readonly address: Address
  readonly amount: bigint
}

/**
 * An execution payload of any version: the fields of later forks are absent before them.
 *
 * `transactions` are EIP-2718 encodings.
 *
 * @see specs/protocol/exec-engine.md#engine-api
 */
export type ExecutionPayload = {
  readonly parentHash: Hash
  readonly feeRecipient: Address
  readonly stateRoot: Hash
  readonly receiptsRoot: Hash
  /** 256 bytes. */
  readonly logsBloom: Hex
  readonly prevRandao: Hash
  readonly blockNumber: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly timestamp: bigint
  readonly extraData: Hex
  readonly baseFeePerGas: bigint
  readonly blockHash: Hash
  readonly transactions: readonly Uint8Array[]
  /** Canyon. */
  readonly withdrawals?: readonly Withdrawal[]
  /** Ecotone. */
  readonly blobGasUsed?: bigint
  /** Ecotone. */
  readonly excessBlobGas?: bigint
  /** Isthmus: the storage root of the message passer. */
  readonly withdrawalsRoot?: Hash
}

/** A payload with what stands beside it on the wire. `parentBeaconBlockRoot` is there from Ecotone. */
export type ExecutionPayloadEnvelope = {
  readonly executionPayload: ExecutionPayload
  readonly parentBeaconBlockRoot?: Hash
}

/**
 * What the engine is asked to build, and what derivation makes from L1.
 *
 * @see specs/protocol/exec-engine.md#extended-payloadattributesv1
 */
export type PayloadAttributes = {
  readonly timestamp: bigint
  readonly prevRandao: Hash
  readonly suggestedFeeRecipient: Address
  /** Canyon: always empty. */
  readonly withdrawals?: readonly Withdrawal[]
  /** Ecotone. */
  readonly parentBeaconBlockRoot?: Hash
  /** Forced transactions, deposits first. */
  readonly transactions: readonly Uint8Array[]
  /** Do not fill the block from the transaction pool. */
  readonly noTxPool: boolean
  readonly gasLimit: bigint
  /** Holocene: 8 bytes. */
  readonly eip1559Params?: Hex
  /** Jovian: wei. */
  readonly minBaseFee?: bigint
}
