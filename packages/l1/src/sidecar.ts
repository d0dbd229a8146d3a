import { decodeRlp, encodeRlp, type Hash, hexToBytes, orderedTrieRoot, type RlpInput, TX_TYPE } from '@keelson/protocol'
import type { L1RpcTransaction } from './rpcTypes.ts'

/**
 * The form in which a blob transaction travels between pools: `[transaction, (version,) blobs, commitments, proofs]`.
 *
 * Chains commit to the form without; anvil commits to this one, and shows the sidecar in its JSON. Other transactions, and
 * those without a sidecar, stay as they are.
 *
 * @param encoded - the transaction without sidecar
 */
function withSidecar(tx: L1RpcTransaction, encoded: Uint8Array): Uint8Array {
  const { blobs, commitments } = tx
  const proofs = tx.proofs ?? tx.cellProofs
  if (!blobs || !commitments || !proofs) return encoded
  // Cell proofs (EIP-7594) come with a version ahead of the blobs.
  const version = proofs.length === blobs.length ? [] : [1n]
  const sidecar = [blobs, commitments, proofs].map((list) => list.map(hexToBytes))
  return encodeRlp([decodeRlp(encoded.subarray(1)) as RlpInput, ...version, ...sidecar], TX_TYPE.blob)
}

/** The root over the form with sidecars, to which anvil's headers commit; `null` when no transaction shows a sidecar. */
export function rootWithSidecars(txs: readonly L1RpcTransaction[], encoded: readonly Uint8Array[]): Hash | null {
  if (!txs.some(({ blobs }) => blobs)) return null
  return orderedTrieRoot(encoded.map((bytes, i) => withSidecar(txs[i] as L1RpcTransaction, bytes)))
}
