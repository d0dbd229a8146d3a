import {
  bytesToHex,
  createChannelOut,
  decodeTxEnvelope,
  type ExecutionPayloadEnvelope,
  encodeBatcherTx,
  encodeRlp,
  type Hex,
  isDepositTx,
  payloadToL2BlockRef,
  privateKeyToAddress,
  type RollupConfig,
  type SignedTx,
  signHash,
  txSigningHash,
} from '@keelson/protocol'

export const BATCHER_KEY = new Uint8Array(32).fill(9)
export const BATCHER = privateKeyToAddress(BATCHER_KEY)

let nextChannel = 1

/** One signed L1 transaction to the batch inbox that holds these blocks as one channel. */
export function batcherTransaction(
  config: RollupConfig,
  blocks: readonly ExecutionPayloadEnvelope[],
  batchType: 'singular' | 'span' = 'span',
): Uint8Array {
  const id: Hex = bytesToHex(new Uint8Array(16).fill(nextChannel++))
  const channel = createChannelOut({
    id,
    batchType,
    compression: 'zlib',
    chain: config,
    maxRlpBytes: 10_000_000,
    targetBytes: 1_000_000,
  })
  for (const { executionPayload: payload } of blocks) {
    const ref = payloadToL2BlockRef(config, payload)
    channel.addBlock(
      {
        parentHash: payload.parentHash,
        epochNumber: ref.l1Origin.number,
        epochHash: ref.l1Origin.hash,
        timestamp: payload.timestamp,
        transactions: payload.transactions.filter((tx) => !isDepositTx(tx)),
      },
      ref.sequenceNumber,
    )
  }
  channel.close()
  return signedInboxTransaction(config, encodeBatcherTx(channel.frames(100_000)))
}

/** Calldata to the batch inbox, signed by {@link BATCHER}. */
export function signedInboxTransaction(config: RollupConfig, data: Uint8Array): Uint8Array {
  const fields = [config.l1ChainId, 0n, 1n, 2n, 1_000_000n, config.batchInboxAddress, 0n, data, []]
  const draft = encodeRlp([...fields, 0n, 1n, 1n], 2)
  const hash = txSigningHash(draft, decodeTxEnvelope(draft) as SignedTx)
  const signature = signHash(hash, BATCHER_KEY)
  const [r, s] = [BigInt(bytesToHex(signature.subarray(0, 32))), BigInt(bytesToHex(signature.subarray(32, 64)))]
  return encodeRlp([...fields, BigInt(signature[64] as number), r, s], 2)
}
