import type { Address } from '@keelson/protocol'

/** Why the pool does not take a transaction. */
export type PoolErrorCode =
  | 'badTransaction'
  | 'alreadyKnown'
  | 'typeNotSupported'
  | 'oversized'
  | 'unprotected'
  | 'wrongChainId'
  | 'gasLimitTooHigh'
  | 'feeTooHigh'
  | 'tipAboveFee'
  | 'tipTooLow'
  | 'intrinsicGas'
  | 'floorGas'
  | 'initCodeTooLarge'
  | 'emptyAuthorizationList'
  | 'senderNotEoa'
  | 'nonceTooLow'
  | 'nonceTooHigh'
  | 'nonceOverflow'
  | 'insufficientFunds'
  | 'replacementUnderpriced'
  | 'accountLimit'
  | 'poolFull'
  | 'feeCap'

/** A transaction refused; the message is the one geth gives, which wallets and libraries look at. */
export class PoolError extends Error {
  override readonly name = 'PoolError'
  readonly code: PoolErrorCode
  constructor(code: PoolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export const nonceTooLow = (next: bigint, nonce: bigint): PoolError =>
  new PoolError('nonceTooLow', `nonce too low: next nonce ${next}, tx nonce ${nonce}`)

export const insufficientFunds = (balance: bigint, cost: bigint): PoolError =>
  new PoolError(
    'insufficientFunds',
    `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
  )

export const senderNotEoa = (sender: Address, codeHash: string): PoolError =>
  new PoolError('senderNotEoa', `sender not an eoa: address ${sender}, codehash: ${codeHash}`)
