import { type Address, encodeRlp, type Hash, hexToBytes, keccak256Hex, type RlpInput, TX_TYPE } from '@keelson/protocol'
import type { BlobSidecar } from './l1Api.ts'
import type { TxSigner } from './txApi.ts'

/** What is offered for a transaction, in wei per gas. `blobFeeCap` only counts with blobs. */
export type TxFees = { readonly tip: bigint; readonly feeCap: bigint; readonly blobFeeCap: bigint }

export type UnsignedTx = {
  readonly chainId: bigint
  readonly nonce: number
  readonly to: Address
  readonly value: bigint
  readonly data: Uint8Array
  readonly gas: bigint
  readonly fees: TxFees
  readonly sidecars: readonly BlobSidecar[]
  /** Osaka: 128 proofs for each blob, sent in place of the blob proofs. */
  readonly cellProofs?: readonly (readonly Uint8Array[])[]
}

/**
 * Signs a transaction of type 2, or 3 with blobs.
 *
 * @returns its hash, and the bytes to publish, blobs and all
 * @see EIP-4844 (network wrapper), EIP-7594 (wrapper version 1)
 */
export async function signTx(
  tx: UnsignedTx,
  signer: TxSigner,
): Promise<{ readonly hash: Hash; readonly raw: Uint8Array }> {
  const withBlobs = tx.sidecars.length > 0
  const type = withBlobs ? TX_TYPE.blob : TX_TYPE.dynamicFee
  const { tip, feeCap, blobFeeCap } = tx.fees
  const fields: RlpInput[] = [
    tx.chainId,
    BigInt(tx.nonce),
    tip,
    feeCap,
    tx.gas,
    hexToBytes(tx.to),
    tx.value,
    tx.data,
    [],
  ]
  if (withBlobs)
    fields.push(
      blobFeeCap,
      tx.sidecars.map(({ versionedHash }) => hexToBytes(versionedHash)),
    )
  const { r, s, yParity } = await signer.sign(keccak256Hex(encodeRlp(fields, type)))
  const body: RlpInput[] = [...fields, BigInt(yParity), r, s]
  const encoded = encodeRlp(body, type)
  const hash = keccak256Hex(encoded)
  if (!withBlobs) return { hash, raw: encoded }
  const blobs = tx.sidecars.map(({ blob }) => blob)
  const commitments = tx.sidecars.map(({ commitment }) => commitment)
  const wrapped = tx.cellProofs
    ? [body, 1n, blobs, commitments, tx.cellProofs.flat()]
    : [body, blobs, commitments, tx.sidecars.map(({ proof }) => proof)]
  return { hash, raw: encodeRlp(wrapped, type) }
}
