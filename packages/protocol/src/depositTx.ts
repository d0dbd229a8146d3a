import { bytesToHex } from './bytes.ts'
import { CodecError } from './codecError.ts'
import type { Address, Hash } from './primitives.ts'
import { encodeRlp, RlpReader } from './rlp.ts'

/** First byte of a deposit. */
export const DEPOSIT_TX_TYPE = 0x7e

/**
 * A transaction that L1 forces upon L2: unsigned, its gas paid for on L1.
 *
 * @see specs/protocol/deposits.md#the-deposited-transaction-type
 */
export type DepositTx = {
  readonly sourceHash: Hash
  readonly from: Address
  /** `null`: creates a contract. */
  readonly to: Address | null
  /** Wei made on L2; 0 stands for none. */
  readonly mint: bigint
  readonly value: bigint
  /** u64. */
  readonly gas: bigint
  /** Gas outside the block's limit; only before Regolith. */
  readonly isSystemTx: boolean
  readonly data: Uint8Array
}

/** Whether the encoding begins as a deposit's does. */
export function isDepositTx(tx: Uint8Array): boolean {
  return tx[0] === DEPOSIT_TX_TYPE
}

/** `0x7e ‖ rlp([sourceHash, from, to, mint, value, gas, isSystemTx, data])`. */
export function encodeDepositTx(tx: DepositTx): Uint8Array {
  return encodeRlp(
    [tx.sourceHash, tx.from, tx.to ?? '0x', tx.mint, tx.value, tx.gas, tx.isSystemTx ? 1 : 0, tx.data],
    DEPOSIT_TX_TYPE,
  )
}

/**
 * Reads an encoded deposit; `data` is a view of it.
 *
 * @throws {CodecError} `badDeposit`, `badRlp`, `truncated`, `trailingBytes`, `wrongLength`
 */
export function decodeDepositTx(tx: Uint8Array): DepositTx {
  if (!isDepositTx(tx)) throw new CodecError('badDeposit', { reason: `first byte is ${tx[0]}` })
  const outer = new RlpReader(tx, 1)
  const fields = outer.list()
  outer.expectEnd('deposit')
  const sourceHash = bytesToHex(fields.fixed(32, 'source hash'))
  const from = bytesToHex(fields.fixed(20, 'from'))
  const to = fields.string()
  if (to.length !== 0 && to.length !== 20) throw new CodecError('badDeposit', { reason: `to has ${to.length} bytes` })
  const mint = fields.quantity()
  const value = fields.quantity()
  const gas = fields.uint64()
  const isSystemTx = fields.quantity(1)
  if (isSystemTx > 1n) throw new CodecError('badDeposit', { reason: `isSystemTx is ${isSystemTx}` })
  const data = fields.string()
  fields.expectEnd('deposit')
  return {
    sourceHash,
    from,
    to: to.length === 0 ? null : bytesToHex(to),
    mint,
    value,
    gas,
    isSystemTx: isSystemTx === 1n,
    data,
  }
}
