import { bytesToHex, hexToBytes, quantityToHex } from './bytes.ts'
import { encodeDepositTx } from './depositTx.ts'
import { type Address, type Hash, type Hex, ZERO_ADDRESS, ZERO_HASH } from './primitives.ts'
import { encodeRlp, type RlpInput } from './rlp.ts'
import {
  type AccessList,
  decodeAccessList,
  decodeAuthorizations,
  decodeTxEnvelope,
  type SignedTx,
  TX_TYPE,
  txHash,
} from './txEnvelope.ts'

/** An EIP-7702 authorization as the `eth_` API gives it; older nodes write the parity as `v`. */
export type RpcAuthorization = {
  readonly chainId: Hex
  readonly address: Address
  readonly nonce: Hex
  readonly yParity?: Hex
  readonly v?: Hex
  readonly r: Hex
  readonly s: Hex
}

/**
 * A transaction of L1 or L2, of any type, as the `eth_` API gives it: the members that its encoding is made of. Those of
 * other types are absent or `null`.
 */
export type RpcTransaction = {
  readonly hash: Hash
  /** Absent: legacy. */
  readonly type?: Hex
  readonly chainId?: Hex | null
  readonly nonce?: Hex
  readonly gasPrice?: Hex | null
  readonly maxPriorityFeePerGas?: Hex | null
  readonly maxFeePerGas?: Hex | null
  readonly maxFeePerBlobGas?: Hex | null
  readonly gas: Hex
  readonly to?: Address | null
  readonly value: Hex
  readonly input: Hex
  readonly accessList?: AccessList | null
  readonly blobVersionedHashes?: readonly Hash[] | null
  readonly authorizationList?: readonly RpcAuthorization[] | null
  /** Legacy: with the chain ID in it. Other types: the parity, which older nodes give by this name alone. */
  readonly v?: Hex
  readonly yParity?: Hex
  readonly r?: Hex
  readonly s?: Hex
  /** Of a deposit, as is what follows; a signed transaction's encoding does not name its sender. */
  readonly from?: Address
  readonly sourceHash?: Hash
  readonly mint?: Hex | null
  readonly isSystemTx?: boolean
}

/**
 * The EIP-2718 encoding of a transaction that was read over RPC. Nothing is checked: whether it is the right one shows
 * when the block's transactions root is computed again.
 *
 * @returns `null` for a type that is not known
 * @throws {Error} a member cannot be read
 */
export function encodeRpcTransaction(tx: RpcTransaction): Uint8Array | null {
  const type = Number(tx.type ?? '0x0')
  const nonce = quantity(tx.nonce)
  const call = [quantity(tx.gas), tx.to ?? '0x', quantity(tx.value), tx.input] as const
  const signature = [quantity(tx.r), quantity(tx.s)] as const
  if (type === TX_TYPE.legacy) return encodeRlp([nonce, quantity(tx.gasPrice), ...call, quantity(tx.v), ...signature])
  if (type === TX_TYPE.deposit) return encodeRpcDeposit(tx)
  const fees =
    type === TX_TYPE.accessList
      ? [quantity(tx.gasPrice)]
      : [quantity(tx.maxPriorityFeePerGas), quantity(tx.maxFeePerGas)]
  const ofType = fieldsOfType(type, tx)
  if (!ofType) return null
  const fields = [quantity(tx.chainId), nonce, ...fees, ...call, accessListRlp(tx), ...ofType]
  return encodeRlp([...fields, quantity(tx.yParity ?? tx.v), ...signature], type)
}

/**
 * An encoded transaction as the `eth_` API gives it, without where it stands in the chain and without the sender of a
 * signed one.
 *
 * @throws {CodecError} as {@link decodeTxEnvelope}
 */
export function decodeRpcTransaction(bytes: Uint8Array): RpcTransaction {
  const tx = decodeTxEnvelope(bytes)
  const common = {
    hash: txHash(bytes),
    type: quantityToHex(BigInt(tx.type)),
    to: tx.to,
    gas: quantityToHex(tx.gasLimit),
    value: quantityToHex(tx.value),
    input: bytesToHex(tx.input),
  }
  if (tx.type !== TX_TYPE.deposit) return { ...common, ...signedMembers(tx) }
  const { from, sourceHash, mint, isSystemTx } = tx.deposit
  return {
    ...common,
    from,
    sourceHash,
    nonce: '0x0',
    v: '0x0',
    r: '0x0',
    s: '0x0',
    ...(mint > 0n && { mint: quantityToHex(mint) }),
    ...(isSystemTx && { isSystemTx }),
  }
}

const quantity = (value: Hex | null | undefined): bigint => BigInt(value ?? '0x0')

const accessListRlp = (tx: RpcTransaction): RlpInput =>
  (tx.accessList ?? []).map(({ address, storageKeys }) => [address, storageKeys])

/** What stands between the access list and the signature; `null`: no such type. */
function fieldsOfType(type: number, tx: RpcTransaction): readonly RlpInput[] | null {
  switch (type) {
    case TX_TYPE.accessList:
    case TX_TYPE.dynamicFee:
      return []
    case TX_TYPE.blob:
      return [quantity(tx.maxFeePerBlobGas), tx.blobVersionedHashes ?? []]
    case TX_TYPE.setCode:
      return [(tx.authorizationList ?? []).map(authorizationRlp)]
    default:
      return null
  }
}

const authorizationRlp = (item: RpcAuthorization): RlpInput => [
  quantity(item.chainId),
  item.address,
  quantity(item.nonce),
  quantity(item.yParity ?? item.v),
  quantity(item.r),
  quantity(item.s),
]

function encodeRpcDeposit(tx: RpcTransaction): Uint8Array {
  return encodeDepositTx({
    sourceHash: tx.sourceHash ?? ZERO_HASH,
    from: tx.from ?? ZERO_ADDRESS,
    to: tx.to ?? null,
    mint: quantity(tx.mint),
    value: quantity(tx.value),
    gas: quantity(tx.gas),
    isSystemTx: tx.isSystemTx ?? false,
    data: hexToBytes(tx.input),
  })
}

function signedMembers(tx: SignedTx): Partial<RpcTransaction> {
  const { r, s, yParity } = tx.signature
  const parity = BigInt(yParity)
  const signature = { r: quantityToHex(r), s: quantityToHex(s) }
  const maxFeePerGas = quantityToHex(tx.maxFeePerGas)
  const chainId = tx.chainId === null ? {} : { chainId: quantityToHex(tx.chainId) }
  const common = { ...chainId, nonce: quantityToHex(tx.nonce), gasPrice: maxFeePerGas, ...signature }
  if (tx.type === TX_TYPE.legacy) {
    const v = tx.chainId === null ? 27n + parity : 35n + tx.chainId * 2n + parity
    return { ...common, v: quantityToHex(v) }
  }
  const parityHex = quantityToHex(parity)
  return {
    ...common,
    v: parityHex,
    yParity: parityHex,
    accessList: decodeAccessList(tx.accessListRlp),
    ...(tx.type >= TX_TYPE.dynamicFee && {
      maxFeePerGas,
      maxPriorityFeePerGas: quantityToHex(tx.maxPriorityFeePerGas),
    }),
    ...(tx.type === TX_TYPE.blob && {
      maxFeePerBlobGas: quantityToHex(tx.maxFeePerBlobGas),
      blobVersionedHashes: tx.blobVersionedHashes,
    }),
    ...(tx.type === TX_TYPE.setCode && {
      authorizationList: decodeAuthorizations(tx.authorizationListRlp).map((item) => ({
        chainId: quantityToHex(item.chainId),
        address: item.address,
        nonce: quantityToHex(item.nonce),
        yParity: quantityToHex(item.yParity),
        r: quantityToHex(item.r),
        s: quantityToHex(item.s),
      })),
    }),
  }
}
