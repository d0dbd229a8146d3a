import {
  type Address,
  encodeDepositTx,
  encodeRlp,
  type Hash,
  type Hex,
  hexToBytes,
  type RlpInput,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@keelson/protocol'
import { EngineError } from './errors.ts'

/** A transaction as `eth_getBlockBy…` gives it. */
export type RpcTransaction = {
  readonly type?: Hex
  readonly chainId?: Hex
  readonly nonce?: Hex
  readonly gas: Hex
  readonly gasPrice?: Hex
  readonly maxFeePerGas?: Hex
  readonly maxPriorityFeePerGas?: Hex
  readonly maxFeePerBlobGas?: Hex
  readonly blobVersionedHashes?: readonly Hash[]
  readonly to?: Address | null
  readonly from?: Address
  readonly value: Hex
  readonly input: Hex
  readonly accessList?: readonly { readonly address: Address; readonly storageKeys: readonly Hash[] }[]
  readonly authorizationList?: readonly {
    readonly chainId: Hex
    readonly address: Address
    readonly nonce: Hex
    readonly yParity?: Hex
    readonly v?: Hex
    readonly r: Hex
    readonly s: Hex
  }[]
  readonly v?: Hex
  readonly yParity?: Hex
  readonly r?: Hex
  readonly s?: Hex
  readonly sourceHash?: Hash
  readonly mint?: Hex | null
  readonly isSystemTx?: boolean
}

/**
 * The EIP-2718 encoding of a transaction read over RPC: deposits and all signed types. Whether it is the right one shows
 * when the block's transactions root is recomputed.
 *
 * @throws {EngineError} `malformedAnswer`
 */
export function encodeRpcTransaction(tx: RpcTransaction): Uint8Array {
  const type = Number(tx.type ?? '0x0')
  switch (type) {
    case 0x7e:
      return encodeDepositTx({
        sourceHash: tx.sourceHash ?? ZERO_HASH,
        from: tx.from ?? ZERO_ADDRESS,
        to: tx.to ?? null,
        mint: tx.mint ? BigInt(tx.mint) : 0n,
        value: BigInt(tx.value),
        gas: BigInt(tx.gas),
        isSystemTx: tx.isSystemTx ?? false,
        data: hexToBytes(tx.input),
      })
    case 0:
      return encodeRlp([
        quantity(tx.nonce),
        quantity(tx.gasPrice),
        ...callFields(tx),
        quantity(tx.v),
        quantity(tx.r),
        quantity(tx.s),
      ])
    case 1:
      return encodeRlp(
        [
          quantity(tx.chainId),
          quantity(tx.nonce),
          quantity(tx.gasPrice),
          ...callFields(tx),
          accessList(tx),
          ...signature(tx),
        ],
        type,
      )
    case 2:
      return encodeRlp([...feeFields(tx), ...callFields(tx), accessList(tx), ...signature(tx)], type)
    case 3:
      return encodeRlp(
        [
          ...feeFields(tx),
          ...callFields(tx),
          accessList(tx),
          quantity(tx.maxFeePerBlobGas),
          (tx.blobVersionedHashes ?? []).map(hexToBytes),
          ...signature(tx),
        ],
        type,
      )
    case 4:
      return encodeRlp(
        [...feeFields(tx), ...callFields(tx), accessList(tx), authorizations(tx), ...signature(tx)],
        type,
      )
    default:
      throw new EngineError('malformedAnswer', { call: 'eth_getBlock', reason: `unknown transaction type ${type}` })
  }
}

const quantity = (value: Hex | undefined): bigint => BigInt(value ?? '0x0')

const callFields = (tx: RpcTransaction): RlpInput[] => [
  quantity(tx.gas),
  tx.to ? hexToBytes(tx.to) : new Uint8Array(0),
  quantity(tx.value),
  hexToBytes(tx.input),
]

const feeFields = (tx: RpcTransaction): RlpInput[] => [
  quantity(tx.chainId),
  quantity(tx.nonce),
  quantity(tx.maxPriorityFeePerGas),
  quantity(tx.maxFeePerGas),
]

const accessList = (tx: RpcTransaction): RlpInput =>
  (tx.accessList ?? []).map(({ address, storageKeys }) => [hexToBytes(address), storageKeys.map(hexToBytes)])

const authorizations = (tx: RpcTransaction): RlpInput =>
  (tx.authorizationList ?? []).map((item) => [
    quantity(item.chainId),
    hexToBytes(item.address),
    quantity(item.nonce),
    quantity(item.yParity ?? item.v),
    quantity(item.r),
    quantity(item.s),
  ])

const signature = (tx: RpcTransaction): RlpInput[] => [quantity(tx.yParity ?? tx.v), quantity(tx.r), quantity(tx.s)]
