import { type Address, bytesToHex, type Hash, quantityToHex } from '@keelson/protocol'
import { type RpcClient, RpcError } from '@keelson/service'
import { TxError } from './errors.ts'
import type { BlobSidecar } from './l1Api.ts'
import type { RpcReceipt } from './rpcTypes.ts'
import type { TxCandidate, TxInclusion } from './txApi.ts'
import type { TxFees } from './txEncoding.ts'

/**
 * Where one of the versions of a transaction stands on L1; `null` when none does.
 *
 * Rejects with `RpcError`, `TransportError` or the signal's reason.
 */
export async function inclusionOf(
  rpc: RpcClient,
  nonce: number,
  versions: readonly { readonly hash: Hash }[],
  signal: AbortSignal,
): Promise<TxInclusion | null> {
  const answers = await rpc.batch(
    versions.map(({ hash }) => ({ method: 'eth_getTransactionReceipt', params: [hash] })),
    { signal },
  )
  for (const answer of answers) {
    if (!answer.ok) throw answer.error
    const receipt = answer.result as RpcReceipt | null
    if (!receipt?.blockHash) continue
    return {
      hash: receipt.transactionHash,
      nonce,
      blockHash: receipt.blockHash,
      blockNumber: BigInt(receipt.blockNumber),
      status: BigInt(receipt.status ?? 0) === 1n,
      gasUsed: BigInt(receipt.gasUsed ?? 0),
      effectiveGasPrice: BigInt(receipt.effectiveGasPrice ?? 0),
      contractAddress: receipt.contractAddress ?? null,
    }
  }
  return null
}

/**
 * The gas that a transaction needs, unless the candidate says.
 *
 * @throws {TxError} `reverted`, `unsendable`
 */
export async function estimateGas(
  rpc: RpcClient,
  from: Address,
  candidate: TxCandidate,
  sidecars: readonly BlobSidecar[],
  offered: TxFees,
  signal: AbortSignal,
): Promise<bigint> {
  if (candidate.gasLimit !== undefined) return candidate.gasLimit
  const call = {
    from,
    to: candidate.to,
    value: quantityToHex(candidate.value ?? 0n),
    data: bytesToHex(candidate.data ?? new Uint8Array(0)),
  }
  const blobs = {
    blobVersionedHashes: sidecars.map(({ versionedHash }) => versionedHash),
    maxFeePerBlobGas: quantityToHex(offered.blobFeeCap),
  }
  try {
    return BigInt(
      await rpc.request<string>('eth_estimateGas', [sidecars.length > 0 ? { ...call, ...blobs } : call], { signal }),
    )
  } catch (cause) {
    if (!(cause instanceof RpcError)) throw cause
    if (/revert/i.test(cause.message)) throw new TxError('reverted', { reason: cause.message }, { cause })
    throw new TxError('unsendable', { reason: `gas cannot be estimated: ${cause.message}` }, { cause })
  }
}
