import { decodeRlp, encodeRlp, type Hex, hexToBytes, type RlpInput, TX_TYPE } from '@keelson/protocol'
import type { RpcAccessList, RpcTransaction } from './rpcTypes.ts'

const quantity = (value: Hex | null | undefined): bigint => (value === undefined || value === null ? 0n : BigInt(value))
const address = (value: Hex | null | undefined): Uint8Array => (value ? hexToBytes(value) : new Uint8Array(0))
const accessList = (list: RpcAccessList | null | undefined): RlpInput =>
  (list ?? []).map((entry) => [hexToBytes(entry.address), entry.storageKeys.map(hexToBytes)])
/** `yParity`, which older nodes answer as `v` alone. */
const parity = (tx: { yParity?: Hex; v?: Hex }): bigint => quantity(tx.yParity ?? tx.v)

/**
 * The EIP-2718 encoding of a transaction from its JSON: types 0 to 4, and 0x7e where L1 is itself an OP Stack chain.
 *
 * @returns `null` for a type that is not known: its bytes can only be asked for
 */
export function encodeRpcTransaction(tx: RpcTransaction): Uint8Array | null {
  const type = Number(tx.type ?? '0x0')
  const signature = [parity(tx), quantity(tx.r), quantity(tx.s)]
  const target = [quantity(tx.gas), address(tx.to), quantity(tx.value), hexToBytes(tx.input)]
  const fees = [quantity(tx.maxPriorityFeePerGas), quantity(tx.maxFeePerGas)]
  switch (type) {
    case TX_TYPE.legacy:
      return encodeRlp([
        quantity(tx.nonce),
        quantity(tx.gasPrice),
        ...target,
        quantity(tx.v),
        quantity(tx.r),
        quantity(tx.s),
      ])
    case TX_TYPE.accessList:
      return encodeRlp(
        [
          quantity(tx.chainId),
          quantity(tx.nonce),
          quantity(tx.gasPrice),
          ...target,
          accessList(tx.accessList),
          ...signature,
        ],
        type,
      )
    case TX_TYPE.dynamicFee:
      return encodeRlp(
        [quantity(tx.chainId), quantity(tx.nonce), ...fees, ...target, accessList(tx.accessList), ...signature],
        type,
      )
    case TX_TYPE.blob:
      return encodeRlp(
        [
          quantity(tx.chainId),
          quantity(tx.nonce),
          ...fees,
          ...target,
          accessList(tx.accessList),
          quantity(tx.maxFeePerBlobGas),
          (tx.blobVersionedHashes ?? []).map(hexToBytes),
          ...signature,
        ],
        type,
      )
    case TX_TYPE.setCode:
      return encodeRlp(
        [
          quantity(tx.chainId),
          quantity(tx.nonce),
          ...fees,
          ...target,
          accessList(tx.accessList),
          (tx.authorizationList ?? []).map((a) => [
            quantity(a.chainId),
            hexToBytes(a.address),
            quantity(a.nonce),
            quantity(a.yParity),
            quantity(a.r),
            quantity(a.s),
          ]),
          ...signature,
        ],
        type,
      )
    case TX_TYPE.deposit:
      return encodeRlp(
        [
          hexToBytes(tx.sourceHash ?? '0x'),
          hexToBytes(tx.from),
          address(tx.to),
          quantity(tx.mint),
          quantity(tx.value),
          quantity(tx.gas),
          tx.isSystemTx ? 1n : 0n,
          hexToBytes(tx.input),
        ],
        type,
      )
    default:
      return null
  }
}

/**
 * The form in which a blob transaction travels between pools: `[transaction, (version,) blobs, commitments, proofs]`.
 *
 * Chains commit to the form without; anvil commits to this one, and shows the sidecar in its JSON. Other transactions, and
 * those without a sidecar, stay as they are.
 *
 * @param encoded - the transaction without sidecar
 */
export function withSidecar(tx: RpcTransaction, encoded: Uint8Array): Uint8Array {
  const { blobs, commitments } = tx
  const proofs = tx.proofs ?? tx.cellProofs
  if (!blobs || !commitments || !proofs) return encoded
  // Cell proofs (EIP-7594) come with a version ahead of the blobs.
  const version = proofs.length === blobs.length ? [] : [1n]
  const sidecar = [blobs, commitments, proofs].map((list) => list.map(hexToBytes))
  return encodeRlp([decodeRlp(encoded.subarray(1)) as RlpInput, ...version, ...sidecar], TX_TYPE.blob)
}
