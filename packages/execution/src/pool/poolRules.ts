import { isForkActive } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import { type L1FeeParams, l1Fee, operatorFee } from '../fees/l1Cost.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { MAX_INITCODE_SIZE, MAX_TRANSACTION_GAS } from '../transition/constants.ts'
import { intrinsicGas } from '../transition/intrinsicGas.ts'
import { blockRulesOf } from '../transition/rules.ts'
import type { ExecutionTx } from '../transition/types.ts'
import { PoolError } from './poolError.ts'

/** Largest encoding of a transaction, as geth has it. */
export const MAX_TX_BYTES = 128 * 1024

export type PoolRules = {
  readonly spec: ChainSpec
  readonly head: BlockHeader
  /** Lowest tip that is let in, in wei. */
  readonly minTip: bigint
}

/**
 * Checks what a transaction must be by itself, whatever the sender has: type by fork, size, chain, gas, fees.
 *
 * @throws {PoolError}
 */
export function checkTransaction(tx: ExecutionTx, { spec, head, minTip }: PoolRules): void {
  const { timestamp } = head
  if (tx.type === 0x7e) throw new PoolError('typeNotSupported', 'transaction type not supported')
  if (tx.type === 4 && !isForkActive(spec, 'isthmus', timestamp)) {
    throw new PoolError('typeNotSupported', 'transaction type not supported: type 4 rejected, pool not yet in Prague')
  }
  if (tx.bytes.length > MAX_TX_BYTES) {
    throw new PoolError('oversized', `oversized data: transaction size ${tx.bytes.length}, limit ${MAX_TX_BYTES}`)
  }
  if (tx.chainId === undefined) {
    throw new PoolError('unprotected', 'only replay-protected (EIP-155) transactions allowed over RPC')
  }
  if (tx.chainId !== spec.chainId) {
    throw new PoolError('wrongChainId', `invalid chain id for signer: have ${tx.chainId} want ${spec.chainId}`)
  }
  checkGas(tx, spec, head)
  if (tx.maxFeePerGas >= 1n << 256n) throw new PoolError('feeTooHigh', 'max fee per gas higher than 2^256-1')
  if (tx.maxFeePerGas < tx.maxPriorityFeePerGas) {
    throw new PoolError(
      'tipAboveFee',
      `max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: ${tx.maxPriorityFeePerGas}, maxFeePerGas: ${tx.maxFeePerGas}`,
    )
  }
  if (tx.maxPriorityFeePerGas < minTip) {
    throw new PoolError(
      'tipTooLow',
      `transaction underpriced: gas tip cap ${tx.maxPriorityFeePerGas}, minimum needed ${minTip}`,
    )
  }
  if (tx.type === 4 && tx.authorizations.length === 0) {
    throw new PoolError('emptyAuthorizationList', 'set code tx must have at least one authorization tuple')
  }
}

function checkGas(tx: ExecutionTx, spec: ChainSpec, head: BlockHeader): void {
  const rules = blockRulesOf(spec, head.timestamp, head.timestamp)
  if (rules.canyon && tx.to === null && tx.data.length > MAX_INITCODE_SIZE) {
    throw new PoolError(
      'initCodeTooLarge',
      `max initcode size exceeded: code size ${tx.data.length}, limit ${MAX_INITCODE_SIZE}`,
    )
  }
  if (tx.gasLimit > head.gasLimit) throw new PoolError('gasLimitTooHigh', 'exceeds block gas limit')
  if (rules.karst && tx.gasLimit > MAX_TRANSACTION_GAS) {
    throw new PoolError(
      'gasLimitTooHigh',
      `transaction gas limit too high (cap: ${MAX_TRANSACTION_GAS}, tx: ${tx.gasLimit})`,
    )
  }
  const { intrinsic, floor } = intrinsicGas(tx, rules)
  if (tx.gasLimit < intrinsic) {
    throw new PoolError('intrinsicGas', `intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${intrinsic}`)
  }
  if (tx.gasLimit < floor) {
    throw new PoolError(
      'floorGas',
      `insufficient gas for floor data gas cost: gas ${tx.gasLimit}, minimum needed ${floor}`,
    )
  }
}

/**
 * The most that a transaction can cost its sender, in wei: value, gas at the highest fee, L1 fee and operator fee at the
 * head's L1 attributes.
 *
 * @see specs/protocol/isthmus/exec-engine.md#transaction-pool-changes
 */
export function worstCaseCost(tx: ExecutionTx, spec: ChainSpec, timestamp: bigint, params: L1FeeParams): bigint {
  return (
    tx.value +
    tx.gasLimit * tx.maxFeePerGas +
    l1Fee(spec, timestamp, params, tx.bytes) +
    operatorFee(spec, timestamp, params, tx.gasLimit)
  )
}
